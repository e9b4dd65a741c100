package dev.omnibus.transport.redisson.connection;

import dev.omnibus.transport.redisson.connection.RedissonInternals.Hook;
import java.io.IOException;
import java.io.InputStream;
import java.lang.module.ModuleDescriptor;
import java.net.URL;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.redisson.Redisson;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A compatibility check of the Redisson and the Netty on the class path, which may be others than the bus was tested
 * with: what else a program uses brings its own.
 *
 * <p>With tested versions nothing is tried. With others each hook into their internals is, once per process. A required
 * one that does not answer is an {@link IllegalStateException}, which says what was found and what is needed; without
 * another one Redisson does as it does by itself, and the log says once what that costs.
 *
 * @param redisson the version of Redisson; empty if nothing says it
 * @param netty the versions of Netty's parts; one, if nothing is mixed, and none if nothing says it
 */
record RedissonVersions(String redisson, Collection<String> netty) {

    private static final String TESTED_REDISSON = "4.7.0";
    private static final String MIN_NETTY = "4.1.115.Final";
    private static final String MAX_TESTED_NETTY = "4.2.16.Final";

    /** Those that are used; others of Netty's artifacts have versions of their own. */
    private static final List<String> NETTY_PARTS = List.of(
            "netty-common",
            "netty-buffer",
            "netty-transport",
            "netty-handler",
            "netty-codec",
            "netty-codec-base",
            "netty-resolver");

    /** The parts of its native transport. A part that is not there has no version. */
    private static final List<String> NATIVE_PARTS = List.of(
            "netty-transport-classes-epoll", "netty-transport-native-epoll", "netty-transport-native-unix-common");

    private static final String POM = "/META-INF/maven/org.redisson/redisson/pom.properties";

    /** Each of Netty's jars has one, with its version and the dates of its making. */
    private static final String NETTY_VERSIONS = "META-INF/io.netty.versions.properties";

    private static final Logger LOG = LoggerFactory.getLogger(RedissonInternals.class);

    /** What was found in this process, and the hooks that answer. */
    private record Check(RedissonVersions found, Set<Hook> hooks) {}

    private static @Nullable Check check; // guarded by the class, like the one below; null before the first connect
    private static boolean reported;
    private static @Nullable Boolean nativeFits; // guarded by the class

    /** What is on the class path. */
    static RedissonVersions found() {
        return new RedissonVersions(redissonVersion(), versions(NETTY_PARTS));
    }

    private static Set<String> versions(List<String> parts) {
        Set<String> versions = new TreeSet<>();
        for (String part : parts) {
            String version = ClassPath.NETTY.getProperty(part + ".version");
            if (version != null) {
                versions.add(version);
            }
        }
        return versions;
    }

    /** Read once. Netty's own {@code Version.identify} parses the dates as well, for which a cold JVM needs long. */
    private static final class ClassPath {

        static final Properties NETTY = read();

        private static Properties read() {
            Properties all = new Properties();
            try {
                for (URL url :
                        Collections.list(RedissonVersions.class.getClassLoader().getResources(NETTY_VERSIONS))) {
                    try (InputStream in = url.openStream()) {
                        all.load(in);
                    }
                }
            } catch (IOException e) {
                LOG.debug("The versions of Netty cannot be read", e);
            }
            return all;
        }
    }

    /**
     * Whether Netty's native transport may be tried. With another version of Netty it may load, and fail when it is
     * used; so that is said once, and it is left alone.
     */
    static synchronized boolean nativeTransportFits() {
        if (nativeFits == null) {
            nativeFits = found().fits(versions(NATIVE_PARTS));
        }
        return nativeFits;
    }

    /** Whether parts of the native transport are of the one version of the rest, as far as they say. */
    boolean fits(Collection<String> nativeParts) {
        boolean fits = netty.isEmpty() || (netty.size() == 1 && netty.containsAll(nativeParts));
        if (!fits) {
            LOG.info(
                    "Netty's native transport is of version {}, and {} was found; it is not used",
                    String.join(" and ", nativeParts),
                    this);
        }
        return fits;
    }

    private static String redissonVersion() {
        Properties pom = new Properties();
        try (InputStream in = Redisson.class.getResourceAsStream(POM)) {
            if (in != null) {
                pom.load(in);
            }
        } catch (IOException e) {
            LOG.debug("The version of Redisson cannot be read", e);
        }
        return pom.getProperty("version", "");
    }

    /**
     * The hooks that can be used.
     *
     * @param manyServers whether the masters have to be known
     * @throws IllegalStateException if the versions do not fit
     */
    static synchronized Set<Hook> usableHooks(boolean manyServers) {
        Check done = check;
        if (done == null) {
            RedissonVersions found = found();
            Set<Hook> hooks = found.areTested() ? EnumSet.allOf(Hook.class) : RedissonInternals.answering();
            done = new Check(found, hooks);
            check = done;
        }
        done.found.requireFit(done.hooks, manyServers);
        if (!reported && !done.found.areTested()) {
            reported = true;
            done.found.report(done.hooks);
        }
        return done.hooks;
    }

    /** Whether the bus is built and tested with them. */
    boolean areTested() {
        return redisson.equals(TESTED_REDISSON)
                && netty.size() == 1
                && netty.stream()
                        .allMatch(each -> compare(each, MIN_NETTY).orElse(-1) >= 0
                                && compare(each, MAX_TESTED_NETTY).orElse(1) <= 0);
    }

    /**
     * Throws unless the bus keeps its promises with these.
     *
     * @param hooks those that answer
     */
    void requireFit(Set<Hook> hooks, boolean manyServers) {
        List<String> missing = Hook.required(manyServers).stream()
                .filter(hook -> !hooks.contains(hook))
                .map(hook -> hook.without)
                .toList();
        if (!missing.isEmpty()) {
            throw misfit(" (" + String.join(", and ", missing) + ")", null);
        }
        if (netty.stream().anyMatch(each -> compare(each, MIN_NETTY).orElse(0) < 0)) {
            throw misfit("", null);
        }
    }

    private void report(Set<Hook> hooks) {
        if (hooks.size() == Hook.values().length) {
            LOG.info("{}", difference(hooks));
        } else {
            LOG.warn("{}", difference(hooks));
        }
    }

    /** What differs from the tested versions, and what that costs. */
    String difference(Set<Hook> hooks) {
        String lost = Stream.of(Hook.values())
                .filter(hook -> !hooks.contains(hook))
                .map(hook -> hook.without)
                .collect(Collectors.joining("; "));
        return "The bus was tested with Redisson " + TESTED_REDISSON + " and Netty " + MIN_NETTY + " to "
                + MAX_TESTED_NETTY + ", and found " + this + ". "
                + (lost.isEmpty()
                        ? "All that it uses of their internals is there"
                        : "Not all that it uses of their internals is there, so: " + lost);
    }

    /** A class or method was missing when it was needed. */
    static IllegalStateException misfit(LinkageError e) {
        return found().misfit("", e);
    }

    private IllegalStateException misfit(String why, @Nullable LinkageError e) {
        return new IllegalStateException(
                "Redisson and Netty on the class path do not fit the bus" + why + ". It needs Redisson "
                        + TESTED_REDISSON + ", and Netty " + MIN_NETTY
                        + " or a later one with all of its parts of one version; found " + this
                        + ". With Spring Boot set netty.version",
                e);
    }

    /** Empty if the one is no version in the usual form. */
    private static OptionalInt compare(String version, String other) {
        try {
            return OptionalInt.of(
                    ModuleDescriptor.Version.parse(version).compareTo(ModuleDescriptor.Version.parse(other)));
        } catch (IllegalArgumentException unusual) {
            return OptionalInt.empty();
        }
    }

    @Override
    public String toString() {
        return "Redisson " + (redisson.isEmpty() ? "of an unknown version" : redisson) + " and Netty "
                + (netty.isEmpty() ? "of an unknown version" : String.join(" and ", netty));
    }
}
