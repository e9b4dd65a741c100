package dev.omnibus.bus;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The ids of the last events that have no number, by which those that come twice are known. Confined to the reader of
 * one channel.
 */
final class RecentIds {

    private static final int WINDOW = 8_192;

    private record Key(String source, String id) {}

    private final Map<Key, Boolean> seen = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Key, Boolean> eldest) {
            return size() > WINDOW;
        }
    };

    /** False if this event was here already, a short while ago. */
    boolean add(String source, String id) {
        return seen.put(new Key(source, id), true) == null;
    }
}
