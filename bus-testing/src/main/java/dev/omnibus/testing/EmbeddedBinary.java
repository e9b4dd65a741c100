package dev.omnibus.testing;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The embedded binary: a static redis-server from a carrier jar, copied once to the cache folder. */
final class EmbeddedBinary {
    static final String CARRIER = "org.signal:embedded-redis:0.9.1";
    static final String VERSION = "7.0.15";

    private static final Map<String, String> SHA256 = Map.of(
            "linux-amd64", "c0cdeef856b3410fd99d6ec6fc6a20302e69059b00ce5d6abab7b3e5069ea91e",
            "linux-arm64", "d5c7ff117caf45d7dc2f59c1f956e1830438779947d66aa5647c2cdcc16eca50",
            "linux-386", "19106984e15b7e7ce22c9a3296fe6a5f85c43a72894144f98b1fb572b823a936",
            "darwin-amd64", "e22a3d9147802bba0724efb2e446c49e1e514e76ff8031bb6d44b8628400d8f3",
            "darwin-arm64", "07838a2eb6f5961c89d8e6f1f83482de355dfc6bb04e05bfb00ae1f137dee129");

    private EmbeddedBinary() {}

    /**
     * Returns the binary; empty if there is none for this platform, or the carrier is not on the class path.
     *
     * <p>One thread at a time: a process that another thread forks while the copy is open for writing inherits it, and
     * Linux does not run a file that is still open for writing ("Text file busy").
     */
    static synchronized Optional<Path> locate(Environment environment) {
        String expected = SHA256.get(environment.platform());
        if (expected == null) {
            return Optional.empty();
        }
        String name = "redis-server-" + VERSION + "-" + environment.platform();
        Path cached = environment.cacheFolder().resolve(name);
        try {
            if (isIntact(cached, expected)) {
                return Optional.of(cached);
            }
            try (@Nullable InputStream resource = environment.resources().apply(name)) {
                return resource == null
                        ? Optional.empty()
                        : Optional.of(extract(resource, environment.cacheFolder(), name, expected));
            }
        } catch (IOException e) {
            throw new RedisServerException(
                    "Cannot copy " + name + " to " + cached + "; set XDG_CACHE_HOME to a writable folder", e);
        }
    }

    private static Path extract(InputStream resource, Path folder, String name, String expected) throws IOException {
        byte[] content = resource.readAllBytes();
        String actual = sha256(content);
        if (!actual.equals(expected)) {
            throw new RedisServerException("The resource " + name + " on the class path has the SHA-256 " + actual
                    + " instead of " + expected + "; put " + CARRIER + " there, and no other version of it");
        }
        return Folders.writeAtomically(folder, name, content);
    }

    private static boolean isIntact(Path file, String expected) throws IOException {
        return Files.isRegularFile(file)
                && Files.isExecutable(file)
                && sha256(Files.readAllBytes(file)).equals(expected);
    }

    private static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("This Java platform lacks SHA-256, which is mandatory", e);
        }
    }
}
