package dev.omnibus.internal.runtime;

import java.security.SecureRandom;
import java.util.regex.Pattern;

/** The naming scheme of nodes: the configured name of the process, and a random part that is new with each start. */
public final class NodeId {

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]{1,40}");
    private static final String LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"; // no look-alikes
    private static final int RANDOM_LETTERS = 12; // 60 bits, so that no two processes have the same

    private NodeId() {}

    public static String requireName(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "The name \"" + name + "\" must be 1 to 40 letters, digits, '_' and '-'");
        }
        return name;
    }

    public static String next(String name) {
        SecureRandom random = new SecureRandom();
        StringBuilder id = new StringBuilder(name).append('-');
        for (int i = 0; i < RANDOM_LETTERS; i++) {
            id.append(LETTERS.charAt(random.nextInt(LETTERS.length())));
        }
        return id.toString();
    }
}
