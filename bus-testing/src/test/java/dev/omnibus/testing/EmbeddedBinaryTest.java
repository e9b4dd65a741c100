package dev.omnibus.testing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedBinaryTest {
    @TempDir
    Path home;

    @Test
    void binaryIsCopiedOnceForTheOwnerOnly() throws IOException {
        Path binary = locate();
        assertEquals(home.resolve(".cache/omnibus"), binary.getParent());
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(binary)));
        FileTime old = FileTime.from(Instant.parse("2020-01-01T00:00:00Z"));
        Files.setLastModifiedTime(binary, old);

        assertEquals(binary, locate());

        assertEquals(old, Files.getLastModifiedTime(binary));
    }

    @Test
    void corruptedCacheFileIsReplaced() throws IOException {
        Path binary = locate();
        byte[] intact = Files.readAllBytes(binary);
        Files.writeString(binary, "x", StandardOpenOption.APPEND);
        assertEquals(binary, locate());
        assertArrayEquals(intact, Files.readAllBytes(binary));

        Files.write(binary, new byte[0]);
        assertEquals(binary, locate());
        assertArrayEquals(intact, Files.readAllBytes(binary));
    }

    @Test
    void racingWritersLeaveOneCompleteFile() throws IOException {
        byte[] content = Files.readAllBytes(locate());
        List<CompletableFuture<byte[]>> racers = Stream.generate(
                        () -> CompletableFuture.supplyAsync(() -> writeAndReadBack(content)))
                .limit(4)
                .toList();
        for (CompletableFuture<byte[]> racer : racers) {
            assertArrayEquals(content, racer.join());
        }
        try (Stream<Path> files = Files.list(home.resolve("race"))) {
            assertEquals(List.of(home.resolve("race/file")), files.toList());
        }
    }

    private byte[] writeAndReadBack(byte[] content) {
        try {
            return Files.readAllBytes(Folders.writeAtomically(home.resolve("race"), "file", content));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void xdgCacheHomeIsHonouredIfAbsolute() {
        Path elsewhere = home.resolve("elsewhere");
        assertEquals(
                elsewhere.resolve("omnibus"),
                Environments.with(home, Map.of("XDG_CACHE_HOME", elsewhere.toString()))
                        .cacheFolder());
        assertEquals(
                home.resolve(".cache/omnibus"),
                Environments.with(home, Map.of("XDG_CACHE_HOME", "relative")).cacheFolder());
    }

    @Test
    void resourceWithAnotherChecksumIsNeverWritten() {
        Environment forged = new Environment(
                Map.of(),
                "Linux",
                "aarch64",
                home,
                name -> new ByteArrayInputStream("forged".getBytes(StandardCharsets.UTF_8)));
        RedisServerException e = assertThrows(RedisServerException.class, () -> EmbeddedBinary.locate(forged));
        assertEquals(
                "The resource redis-server-7.0.15-linux-arm64 on the class path has the SHA-256"
                        + " ccdd35168ab474fa5764a526cfb83621351e23682c5075b2e18d56bddf96aa30 instead of"
                        + " d5c7ff117caf45d7dc2f59c1f956e1830438779947d66aa5647c2cdcc16eca50;"
                        + " put org.signal:embedded-redis:0.9.1 there, and no other version of it",
                e.getMessage());
        assertTrue(Files.notExists(home.resolve(".cache")));
    }

    @Test
    void unknownPlatformHasNone() {
        Environment sparc = new Environment(Map.of(), "SunOS", "sparcv9", home, name -> null);
        assertEquals(Optional.empty(), EmbeddedBinary.locate(sparc));
    }

    private Path locate() {
        return EmbeddedBinary.locate(Environments.with(home, Map.of())).orElseThrow();
    }
}
