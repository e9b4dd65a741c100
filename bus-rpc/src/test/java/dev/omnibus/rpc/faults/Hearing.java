package dev.omnibus.rpc.faults;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.bus.Event;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** What one node hears of a topic, by publisher: in order, none twice, and how much is missing. */
final class Hearing implements BusListener {

    private static final class Story {

        private final AtomicLong count = new AtomicLong();
        private volatile long first;
        private volatile long lastNumber;
        private volatile long lastPayload = -1;
    }

    private final Map<String, Long> reported = new ConcurrentHashMap<>(); // by publisher
    private final Map<String, Story> stories = new ConcurrentHashMap<>();
    private final List<String> wrong = Collections.synchronizedList(new ArrayList<>());

    void listen(Bus bus, String topic) throws Exception {
        bus.subscribe(topic, Long.class, this::hear).ready().get(20, TimeUnit.SECONDS);
    }

    @Override
    public void onGap(String topic, String source, long from, long to) {
        reported.merge(source, to - from + 1, Long::sum);
    }

    private void hear(Event<Long> event) {
        Story story = stories.computeIfAbsent(event.source(), source -> new Story());
        if (story.count.get() == 0) {
            story.first = event.sequence();
        } else if (event.sequence() <= story.lastNumber || event.data() <= story.lastPayload) {
            wrong.add(event.sequence() + " of " + event.source() + " after " + story.lastNumber);
        }
        story.count.incrementAndGet();
        story.lastNumber = event.sequence();
        story.lastPayload = event.data(); // the word to whoever waits
    }

    boolean hasHeard(String source, long payload) {
        Story story = stories.get(source);
        return story != null && story.lastPayload >= payload;
    }

    /** Numbered by one of these publishers, and not heard. */
    long missing(Set<String> sources) {
        return stories.entrySet().stream()
                .filter(story -> sources.contains(story.getKey()))
                .map(Map.Entry::getValue)
                .mapToLong(story -> story.lastNumber - story.first + 1 - story.count.get())
                .sum();
    }

    long reportedLost(Set<String> sources) {
        return sources.stream()
                .mapToLong(source -> reported.getOrDefault(source, 0L))
                .sum();
    }

    long heard() {
        return stories.values().stream().mapToLong(story -> story.count.get()).sum();
    }

    /** Of these publishers. */
    List<String> wrong(Set<String> sources) {
        return wrong.stream()
                .filter(one -> sources.stream().anyMatch(one::contains))
                .toList();
    }
}
