package dev.omnibus.testing;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/**
 * The address of a Redis, and the login. An empty password means no login, an empty user the default one. Immutable.
 */
record RedisAddress(String host, int port, String user, String password, int database) {
    private static final String FORM = "redis://[[user]:password@]host[:port][/database]";
    private static final int DEFAULT_PORT = 6379;
    private static final int LARGEST_PORT = 65_535;

    static RedisAddress local(int port, String password) {
        return new RedisAddress("127.0.0.1", port, "", password, 0);
    }

    static RedisAddress parse(String url) {
        try {
            URI uri = new URI(url);
            if (!"redis".equals(uri.getScheme()) || uri.getHost() == null || uri.getPort() > LARGEST_PORT) {
                throw unreadable();
            }
            String login = uri.getUserInfo() == null ? "" : uri.getUserInfo();
            String path = uri.getPath().replaceFirst("^/", "");
            return new RedisAddress(
                    uri.getHost(),
                    uri.getPort() == -1 ? DEFAULT_PORT : uri.getPort(),
                    login.substring(0, Math.max(0, login.indexOf(':'))),
                    login.substring(login.indexOf(':') + 1),
                    path.isEmpty() ? 0 : Integer.parseInt(path));
        } catch (URISyntaxException | NumberFormatException e) {
            throw unreadable();
        }
    }

    /** Creates an exception without the URL and without the cause, which quotes it: it may contain a password. */
    private static RedisServerException unreadable() {
        return new RedisServerException("REDIS_URL is not of the form " + FORM + "; correct it or unset it");
    }

    /** Returns the same login at another port of this machine, such as that of a proxy. */
    RedisAddress atLocalPort(int other) {
        return new RedisAddress("127.0.0.1", other, user, password, database);
    }

    /** Returns the URL for clients, with the login. */
    String url(String scheme) {
        String login = password.isEmpty() ? "" : encoded(user) + ":" + encoded(password) + "@";
        return scheme + "://" + login + this + (database == 0 ? "" : "/" + database);
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8)
                .replace("+", "%20"); // a form encodes a space as +, a URL does not
    }

    /** Returns the address without the password, for messages and logs. */
    @Override
    public String toString() {
        return host + ":" + port;
    }
}
