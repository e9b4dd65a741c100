package dev.omnibus.testing;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/** Where a Redis is and how to log in. An empty password means no login, an empty user the default one. */
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

    /** Neither the URL nor the cause, which quotes it: there may be a password in it. */
    private static RedisServerException unreadable() {
        return new RedisServerException("REDIS_URL is not of the form " + FORM + "; correct it or unset it");
    }

    /** The same login somewhere else on this machine, such as at a proxy. */
    RedisAddress atLocalPort(int other) {
        return new RedisAddress("127.0.0.1", other, user, password, database);
    }

    /** For clients: with the login. */
    String url(String scheme) {
        String login = password.isEmpty() ? "" : encoded(user) + ":" + encoded(password) + "@";
        return scheme + "://" + login + this + (database == 0 ? "" : "/" + database);
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8)
                .replace("+", "%20"); // a form has + for a space, a URL not
    }

    /** Without the password: this goes into messages and logs. */
    @Override
    public String toString() {
        return host + ":" + port;
    }
}
