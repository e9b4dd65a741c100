package dev.omnibus.transport.redisson.connection;

import io.netty.util.NetUtil;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The address of a Redis server as a URI, read as RFC 3986 says. Redisson decodes its login like a form, in which
 * {@code +} is a space, and quotes what it cannot read.
 *
 * <p>What is refused here is not quoted, not even in part: a password that is not percent-encoded may have got
 * anywhere.
 */
public record RedisUri(
        String scheme, @Nullable String user, @Nullable String password, String host, int port, int database) {

    private static final int DEFAULT_PORT = 6379;
    private static final Set<String> SCHEMES = Set.of("redis", "rediss", "valkey", "valkeys");
    private static final Pattern NAME = Pattern.compile("[\\p{L}\\p{N}._~-]+");
    private static final Pattern NUMBER = Pattern.compile("\\d{1,9}");
    private static final String ENCODE = "; percent-encode user and password, in which # is %23, / is %2F, ? is %3F,"
            + " @ is %40, [ is %5B, ] is %5D and % is %25";

    public static RedisUri parse(@Nullable String address) {
        if (address == null) {
            throw new IllegalArgumentException("The address of Redis is null; give one, as in redis://host:6379");
        }
        int colon = address.indexOf("://");
        String scheme = colon < 0 ? "redis" : address.substring(0, colon).toLowerCase(Locale.ROOT);
        if (!SCHEMES.contains(scheme)) {
            throw bad("must begin with redis:// or, for TLS, with rediss://");
        }
        String rest = colon < 0 ? address : address.substring(colon + 3);
        int end = endOfAuthority(rest);
        String path = rest.substring(end);
        if (path.indexOf('@') >= 0) { // what ended the authority was meant to be a part of the password
            throw bad("has a login that ends too soon" + ENCODE);
        }
        String authority = rest.substring(0, end);
        int at = authority.indexOf('@');
        if (at != authority.lastIndexOf('@')) {
            throw bad("has more than one @" + ENCODE);
        }
        String login = at < 0 ? "" : authority.substring(0, at);
        int password = login.indexOf(':'); // without one it is all password, as for redis-cli
        String user = password <= 0 ? null : decoded(login.substring(0, password));
        String secret = login.isEmpty() || login.equals(":") ? null : decoded(login.substring(password + 1));
        return at(scheme, user, secret, authority.substring(at + 1), database(path));
    }

    private static int endOfAuthority(String rest) {
        int end = 0;
        while (end < rest.length() && "/?#".indexOf(rest.charAt(end)) < 0) {
            end++;
        }
        return end;
    }

    private static RedisUri at(
            String scheme, @Nullable String user, @Nullable String password, String server, int database) {
        int colon = server.startsWith("[") ? server.indexOf(':', server.indexOf(']') + 1) : server.indexOf(':');
        String host = colon < 0 ? server : server.substring(0, colon);
        String port = colon < 0 ? "" : server.substring(colon + 1);
        boolean address = host.startsWith("[") && host.endsWith("]");
        if (address ? !NetUtil.isValidIpV6Address(host) : !NAME.matcher(host).matches()) {
            throw bad("names no host; write redis://host:6379, or with an IPv6 address redis://[::1]:6379");
        }
        int number = port.isEmpty() ? DEFAULT_PORT : NUMBER.matcher(port).matches() ? Integer.parseInt(port) : 0;
        if (number < 1 || number > 65_535) {
            throw bad("has a port that is not a number from 1 to 65535; write redis://user:password@host:6379, with"
                    + " an IPv6 address in brackets");
        }
        return new RedisUri(scheme, user, password, host, number, database);
    }

    private static int database(String path) {
        if (path.startsWith("?") || path.contains("/?")) {
            throw bad("has parameters after a ?; the options of the bus are those of its builder");
        }
        if (path.startsWith("#")) {
            throw bad("has a part after a #" + ENCODE);
        }
        if (path.isEmpty() || path.equals("/")) {
            return 0;
        }
        if (!NUMBER.matcher(path.substring(1)).matches()) {
            throw bad("may only have the number of a database after its host, as in redis://host:6379/5" + ENCODE);
        }
        return Integer.parseInt(path.substring(1));
    }

    /** Characters that are not allowed but have no other meaning here are taken as they are. */
    private static String decoded(String text) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int i = 0; i < text.length(); ) {
            int character = text.codePointAt(i);
            if (character == '%') {
                int high = i + 2 < text.length() ? Character.digit(text.charAt(i + 1), 16) : -1;
                int low = i + 2 < text.length() ? Character.digit(text.charAt(i + 2), 16) : -1;
                if (high < 0 || low < 0) {
                    throw bad("has a % in its login that is not followed by two hexadecimal digits" + ENCODE);
                }
                bytes.write(16 * high + low);
                i += 3;
            } else if (character == '[' || character == ']' || character <= ' ' || character == 0x7F) {
                throw bad("has a character in its login that is not allowed there" + ENCODE);
            } else {
                bytes.writeBytes(Character.toString(character).getBytes(StandardCharsets.UTF_8));
                i += Character.charCount(character);
            }
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes.toByteArray()))
                    .toString();
        } catch (CharacterCodingException e) {
            throw bad("has a login that is not UTF-8 once it is decoded");
        }
    }

    private static IllegalArgumentException bad(String problem) {
        return new IllegalArgumentException("The address of Redis " + problem);
    }

    boolean hasLogin() {
        return password != null;
    }

    /** Without the login. */
    String server() {
        return scheme + "://" + host + ":" + port;
    }

    /** With the login, so that Redisson cannot misread it. */
    public String forRedisson() {
        String login = (user == null ? "" : encoded(user) + ":") + (password == null ? "" : encoded(password));
        return hasLogin() ? scheme + "://" + login + "@" + host + ":" + port : server();
    }

    /** The whole address, as {@link #parse} reads it. */
    public String text() {
        return database == 0 ? forRedisson() : forRedisson() + "/" + database;
    }

    private static String encoded(String text) {
        StringBuilder encoded = new StringBuilder();
        for (byte each : text.getBytes(StandardCharsets.UTF_8)) {
            boolean plain =
                    (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') || (each >= '0' && each <= '9');
            encoded.append(plain ? Character.toString(each) : String.format("%%%02X", each));
        }
        return encoded.toString();
    }

    @Override
    public String toString() {
        return server();
    }
}
