package dev.omnibus.testing;

import java.io.InputStream;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The environment in which a Redis is searched for. Tests pass their own. Immutable. */
record Environment(
        Map<String, String> variables,
        String os,
        String arch,
        Path home,
        Function<String, @Nullable InputStream> resources) {

    static Environment system() {
        String os = System.getProperty("os.name");
        return new Environment(
                isWindows(os) ? ignoringCase(System.getenv()) : System.getenv(),
                os,
                System.getProperty("os.arch"),
                Path.of(System.getProperty("user.home")),
                name -> RedisServer.class.getResourceAsStream("/" + name));
    }

    String variable(String name) {
        return variables.getOrDefault(name, "").strip();
    }

    /**
     * Returns the folder of binaries and of the files of running servers, kept between runs. The XDG specification
     * requires that a relative folder is ignored.
     */
    Path cacheFolder() {
        Path xdg = Path.of(variable("XDG_CACHE_HOME"));
        return (xdg.isAbsolute() ? xdg : home.resolve(".cache")).resolve("omnibus");
    }

    boolean isWindows() {
        return isWindows(os);
    }

    /** Returns the platform as in the names of the embedded binaries, such as {@code linux-amd64}. */
    String platform() {
        String system = os.toLowerCase(Locale.ROOT).startsWith("mac") ? "darwin" : os.toLowerCase(Locale.ROOT);
        String processor = switch (arch) {
            case "x86_64" -> "amd64";
            case "aarch64" -> "arm64";
            case "x86", "i386", "i686" -> "386";
            default -> arch;
        };
        return system + "-" + processor;
    }

    private static boolean isWindows(String os) {
        return os.startsWith("Windows");
    }

    private static Map<String, String> ignoringCase(Map<String, String> variables) {
        Map<String, String> copy = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        copy.putAll(variables);
        return copy;
    }
}
