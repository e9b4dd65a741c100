package dev.omnibus.tools.console;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * An access filter for requests. The loopback address alone keeps nobody out who runs in a browser of this machine: any
 * page may send requests there, and a name that resolves to 127.0.0.1 makes them look like its own (DNS rebinding). So
 * each request has to name this machine as its host, each one for data the token, and each one that changes something
 * the origin and the content type that no foreign page can send unasked. There are no cookies, so nothing is sent along
 * that the page did not put there itself.
 */
final class Gatekeeper {

    /** A request that is refused. */
    static final class Refused extends Exception {

        private static final long serialVersionUID = 1;

        final int status;

        Refused(int status, String message) {
            super(message);
            this.status = status;
        }
    }

    private static final Set<String> HOSTS = Set.of("127.0.0.1", "localhost", "[::1]");
    private static final String BEARER = "Bearer ";

    private static final String POLICY =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
                    + " connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none';"
                    + " require-trusted-types-for 'script'";

    private final String token;

    Gatekeeper() {
        byte[] random = new byte[32];
        new SecureRandom().nextBytes(random);
        token = Base64.getUrlEncoder().withoutPadding().encodeToString(random);
    }

    String token() {
        return token;
    }

    /** Sets what every answer has, also that to a stranger. */
    static void protect(Headers headers) {
        headers.set("Content-Security-Policy", POLICY);
        headers.set("X-Content-Type-Options", "nosniff");
        headers.set("X-Frame-Options", "DENY");
        headers.set("Referrer-Policy", "no-referrer");
        headers.set("Cross-Origin-Opener-Policy", "same-origin");
        headers.set("Cross-Origin-Resource-Policy", "same-origin");
        headers.set("Cache-Control", "no-store");
    }

    /** Lets in those who ask this machine by its own name. */
    static void checkHost(HttpExchange exchange) throws Refused {
        List<String> hosts = exchange.getRequestHeaders().getOrDefault("Host", List.of());
        if (hosts.size() != 1 || !HOSTS.contains(withoutPort(hosts.get(0)))) {
            throw new Refused(403, "The console answers on 127.0.0.1, localhost and [::1] only");
        }
    }

    private static String withoutPort(String host) {
        String name = host.toLowerCase(Locale.ROOT);
        int colon = name.lastIndexOf(':');
        boolean hasPort = colon > name.lastIndexOf(']') && colon > 0;
        return hasPort ? name.substring(0, colon) : name;
    }

    /** Lets in those who have the token. */
    void checkToken(HttpExchange exchange) throws Refused {
        List<String> given = exchange.getRequestHeaders().getOrDefault("Authorization", List.of());
        if (given.size() != 1
                || !given.get(0).startsWith(BEARER)
                || !isToken(given.get(0).substring(BEARER.length()))) {
            exchange.getResponseHeaders().set("WWW-Authenticate", "Bearer");
            throw new Refused(401, "Open the address that the console has printed; its end is the key");
        }
    }

    private boolean isToken(String given) {
        return MessageDigest.isEqual(
                given.getBytes(StandardCharsets.UTF_8), token.getBytes(StandardCharsets.UTF_8)); // in constant time
    }

    /** Lets in requests to change something that come from the console's own page, or from no page at all. */
    static void checkOrigin(HttpExchange exchange) throws Refused {
        Headers headers = exchange.getRequestHeaders();
        String own = "http://" + headers.getFirst("Host");
        String origin = headers.getFirst("Origin");
        String site = headers.getFirst("Sec-Fetch-Site");
        boolean foreign = (origin != null && !origin.equalsIgnoreCase(own)) || "cross-site".equals(site);
        if (foreign || headers.getOrDefault("Origin", List.of()).size() > 1) {
            throw new Refused(403, "Requests of other pages are not answered");
        }
        String type = headers.getFirst("Content-Type");
        if (type == null || !type.split(";", 2)[0].trim().equalsIgnoreCase("application/json")) {
            throw new Refused(415, "The content type has to be application/json");
        }
    }
}
