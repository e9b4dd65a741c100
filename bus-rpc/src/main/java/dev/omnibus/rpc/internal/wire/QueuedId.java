package dev.omnibus.rpc.internal.wire;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The id of a queued call: {@code service.method:token}. Whoever has it knows which queue the call is in.
 *
 * @param method {@code service.method}
 * @param token by which the call is known in its queue
 */
public record QueuedId(String method, String token) {

    /** The longest token. */
    public static final int MAX_TOKEN_LENGTH = 200;

    /** What a token is made of: nothing that a key of Redis, a line of a log or JSON would have to escape. */
    private static final Pattern TOKEN = Pattern.compile("[!#-\\[\\]-~]{1," + MAX_TOKEN_LENGTH + "}");

    private static final Pattern METHOD = Pattern.compile("[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)+");

    /** Whether a text may be a token. */
    public static boolean isToken(String text) {
        return TOKEN.matcher(text).matches() && text.indexOf('{') < 0 && text.indexOf('}') < 0;
    }

    /** Reads an id; empty if it is none. */
    public static Optional<QueuedId> parse(String id) {
        int colon = id.indexOf(':');
        String method = id.substring(0, Math.max(0, colon));
        String token = id.substring(colon + 1);
        return METHOD.matcher(method).matches() && isToken(token)
                ? Optional.of(new QueuedId(method, token))
                : Optional.empty();
    }

    @Override
    public String toString() {
        return method + ":" + token;
    }
}
