package dev.omnibus.testing;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.Base64;
import java.util.List;

/**
 * A self-signed certificate for 127.0.0.1, valid for a day, from the JDK's keytool: a key pair for Redis and a trust
 * store for clients.
 */
record TlsFiles(Path folder) {

    static final String PASSWORD = "changeit"; // protects only a test certificate
    private static final String ALIAS = "redis";

    static TlsFiles make() {
        try {
            TlsFiles files = new TlsFiles(Files.createTempDirectory(OrphanReaper.TEMPORARY_PREFIX));
            files.fill();
            return files;
        } catch (IOException | GeneralSecurityException e) {
            throw new RedisServerException("Cannot create a certificate for TLS: " + e.getMessage(), e);
        }
    }

    private void fill() throws IOException, GeneralSecurityException {
        Path own = folder.resolve("own.p12");
        keytool(own);
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(own)) {
            store.load(in, PASSWORD.toCharArray());
        }
        Certificate certificate = store.getCertificate(ALIAS);
        Key key = store.getKey(ALIAS, PASSWORD.toCharArray());
        write(certificate(), "CERTIFICATE", certificate.getEncoded());
        write(key(), "PRIVATE KEY", key.getEncoded());
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry(ALIAS, certificate);
        try (OutputStream out = Files.newOutputStream(trustStore())) {
            trusted.store(out, PASSWORD.toCharArray());
        }
    }

    private static void keytool(Path store) throws IOException {
        Path keytool = Path.of(System.getProperty("java.home"), "bin", "keytool");
        List<String> command = List.of(
                keytool.toString(),
                "-genkeypair",
                "-alias",
                ALIAS,
                "-keyalg",
                "EC",
                "-dname",
                "CN=localhost",
                "-ext",
                "san=dns:localhost,ip:127.0.0.1",
                "-validity",
                "1",
                "-storetype",
                "PKCS12",
                "-keystore",
                store.toString(),
                "-storepass",
                PASSWORD);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.onExit().join().exitValue() != 0) {
            throw new IOException("keytool failed: " + output.strip());
        }
    }

    private static void write(Path file, String kind, byte[] content) throws IOException {
        String text = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
        Files.writeString(file, "-----BEGIN " + kind + "-----\n" + text + "\n-----END " + kind + "-----\n");
    }

    Path certificate() {
        return folder.resolve("redis.crt");
    }

    Path key() {
        return folder.resolve("redis.key");
    }

    Path trustStore() {
        return folder.resolve("trusted.p12");
    }

    List<String> arguments(int port) {
        return List.of(
                "--tls-port",
                Integer.toString(port),
                "--tls-cert-file",
                certificate().toString(),
                "--tls-key-file",
                key().toString(),
                "--tls-ca-cert-file",
                certificate().toString(),
                "--tls-auth-clients",
                "no");
    }
}
