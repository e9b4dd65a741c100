package dev.omnibus.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/**
 * A Redis server with TLS, and a certificate of its own for 127.0.0.1.
 *
 * <pre>{@code
 * try (RedisTls redis = RedisTls.start()) {
 *     connect(redis.url(), redis.trustStore(), redis.trustStorePassword());
 * }
 * }</pre>
 *
 * <p>Thread-safe.
 */
public final class RedisTls implements AutoCloseable {

    private final RedisServer server;
    private final TlsFiles files;
    private final Port port;

    private RedisTls(RedisServer server, TlsFiles files, Port port) {
        this.server = server;
        this.files = files;
        this.port = port;
    }

    /**
     * Starts a new process, as {@link RedisServer#start} does.
     *
     * @return the server; close it when done
     * @throws RedisServerException if there is no Redis, if it was built without TLS, or if it does not answer within
     *     10 seconds
     */
    public static RedisTls start() {
        TlsFiles files = TlsFiles.make();
        Port port = Port.reserve();
        try {
            String[] arguments = files.arguments(port.number()).toArray(String[]::new);
            return new RedisTls(RedisServer.start(arguments), files, port);
        } catch (RuntimeException e) {
            port.close();
            delete(files);
            throw e;
        }
    }

    /**
     * Returns the URL for clients.
     *
     * @return {@code rediss://:PASSWORD@127.0.0.1:PORT}
     */
    public String url() {
        return server.address().atLocalPort(port.number()).url("rediss");
    }

    /**
     * Returns the trust store that clients need.
     *
     * @return a PKCS12 file
     */
    public Path trustStore() {
        return files.trustStore();
    }

    /**
     * Returns the password of {@link #trustStore()}.
     *
     * @return the password
     */
    public String trustStorePassword() {
        return TlsFiles.PASSWORD;
    }

    /**
     * Returns the same server without TLS, which may be killed and paused.
     *
     * @return the server
     */
    public RedisServer server() {
        return server;
    }

    /** Ends the process and removes the files. Idempotent. */
    @Override
    public void close() {
        server.close();
        port.close();
        delete(files);
    }

    private static void delete(TlsFiles files) {
        try {
            Folders.deleteTree(files.folder());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
