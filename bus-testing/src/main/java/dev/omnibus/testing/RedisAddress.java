package dev.omnibus.testing;

import java.net.URI;
import java.net.URISyntaxException;

/** Where a Redis is and how to log in. An empty password means no login, an empty user the default one. */
record RedisAddress(String host, int port, String user, String password, int database) {
    private static final String FORM = "redis://[[user]:password@]host[:port][/database]";
    private static final int DEFAULT_PORT = 6379;
    private static final int LARGEST_PORT = 65_535;

    static RedisAddress local(int port) {
        return new RedisAddress("127.0.0.1", port, "", "", 0);
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

    /** Without the password: this goes into messages and logs. */
    @Override
    public String toString() {
        return host + ":" + port;
    }
}
