package dev.omnibus.tools.console;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.tools.watch.Seen;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A bounded mailbox for one page, written to it as server-sent events by the thread of its request. The bus is never
 * held up by it: what is beyond {@value #MAX_WAITING} messages takes the place of the oldest, and is counted and shown
 * as not shown. Thread-safe.
 */
final class EventStream {

    private static final int MAX_WAITING = 2_000;
    private static final int MAX_BATCH = 200;
    private static final int MAX_SHOWN = 10_000;
    private static final int MAX_NOTICES = 100;
    private static final long PACE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long BEAT_NANOS = TimeUnit.SECONDS.toNanos(15);
    private static final SecureRandom RANDOM = new SecureRandom();

    private record Frame(String event, JsonNode data) {}

    private final String id = HexFormat.of().toHexDigits(RANDOM.nextLong());
    private final String browser;
    private final Thread writer = Thread.currentThread();
    private volatile @Nullable Filter filter; // null: this page shows no messages
    private volatile long writingSince; // 0: it is not writing

    private final Deque<Traced> waiting = new ArrayDeque<>();
    private final Map<Long, Traced> changed = new LinkedHashMap<>();
    private final Map<Long, Boolean> shown = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Boolean> eldest) {
            return size() > MAX_SHOWN;
        }
    };
    private final Deque<JsonNode> notices = new ArrayDeque<>();
    private final Deque<JsonNode> points = new ArrayDeque<>();
    private @Nullable ArrayNode nodes;
    private long notShown;
    private @Nullable String ended;

    EventStream(String browser, @Nullable Filter filter) {
        this.browser = browser;
        this.filter = filter;
    }

    String id() {
        return id;
    }

    /** Which browser it belongs to, as the page says itself. */
    String browser() {
        return browser;
    }

    /** Shows other messages from now on; null for none. */
    synchronized void show(@Nullable Filter other) {
        filter = other;
        waiting.clear();
        changed.clear();
        shown.clear();
        notShown = 0;
    }

    void seen(Traced message, Content content) {
        Filter now = filter;
        if (now == null || !now.fits(message.seen, content)) {
            return;
        }
        if (now.needsReplies() && message.seen.kind() == Seen.Kind.REQUEST) {
            synchronized (this) {
                shown.put(message.number, false); // it fits but for its replies, which are awaited
            }
        } else {
            add(message);
        }
    }

    void answered(Traced call) {
        Filter now = filter;
        if (now == null) {
            return;
        }
        boolean late;
        synchronized (this) {
            Boolean state = shown.get(call.number);
            late = Boolean.FALSE.equals(state) && now.fits(call);
            if (late) {
                shown.remove(call.number);
            } else if (Boolean.TRUE.equals(state)) {
                changed.put(call.number, call);
                notifyAll();
            }
        }
        if (late) {
            add(call);
        }
    }

    private synchronized void add(Traced message) {
        if (waiting.size() >= MAX_WAITING) {
            waiting.remove();
            notShown++;
        }
        waiting.add(message);
        notifyAll();
    }

    synchronized void point(JsonNode point) {
        if (points.size() >= 5) {
            points.remove();
        }
        points.add(point);
        notifyAll();
    }

    synchronized void nodes(ArrayNode all) {
        nodes = all;
        notifyAll();
    }

    synchronized void notice(JsonNode notice) {
        if (notices.size() < MAX_NOTICES) {
            notices.add(notice);
            notifyAll();
        }
    }

    /** Ends it as soon as what it writes is written. */
    synchronized void end(String why) {
        if (ended == null) {
            ended = why;
            notifyAll();
        }
    }

    /** Closes the connection of a page that does not read, which alone would free the thread that writes to it. */
    void cutIfStuck(Duration limit) {
        long since = writingSince;
        if (since != 0 && System.nanoTime() - since > limit.toNanos()) {
            writer.interrupt();
        }
    }

    /** Writes until the page goes or it is ended. */
    void write(OutputStream out, ObjectMapper json, Content content, ObjectNode hello) throws IOException {
        try {
            send(out, json, List.of(new Frame("hello", hello)));
            while (true) {
                long begun = System.nanoTime();
                List<Frame> frames = next(content);
                send(out, json, frames);
                if (!frames.isEmpty() && frames.get(frames.size() - 1).event().equals("bye")) {
                    return;
                }
                pause(begun);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits so that a page has no more than ten batches a second. */
    private synchronized void pause(long begun) throws InterruptedException {
        long left = begun + PACE_NANOS - System.nanoTime();
        while (left > 0 && ended == null) {
            TimeUnit.NANOSECONDS.timedWait(this, left);
            left = begun + PACE_NANOS - System.nanoTime();
        }
    }

    private List<Frame> next(Content content) throws InterruptedException {
        List<Traced> messages = new ArrayList<>();
        List<Traced> answered = new ArrayList<>();
        List<Frame> frames = new ArrayList<>();
        long skipped;
        synchronized (this) {
            long deadline = System.nanoTime() + BEAT_NANOS;
            long left = BEAT_NANOS;
            while (isIdle() && left > 0) {
                TimeUnit.NANOSECONDS.timedWait(this, left);
                left = deadline - System.nanoTime();
            }
            if (ended != null) {
                frames.add(
                        new Frame("bye", JsonNodeFactory.instance.objectNode().put("text", ended)));
                return frames;
            }
            while (messages.size() < MAX_BATCH && !waiting.isEmpty()) {
                Traced message = waiting.remove();
                messages.add(message);
                shown.put(message.number, true);
            }
            answered.addAll(changed.values());
            changed.clear();
            skipped = notShown;
            notShown = 0;
            notices.forEach(notice -> frames.add(new Frame("notice", notice)));
            notices.clear();
            points.forEach(point -> frames.add(new Frame("rates", point)));
            points.clear();
            if (nodes != null) {
                frames.add(new Frame("nodes", nodes));
                nodes = null;
            }
        }
        if (!messages.isEmpty() || !answered.isEmpty() || skipped > 0) {
            ObjectNode tail = JsonNodeFactory.instance.objectNode().put("notShown", skipped);
            ArrayNode lines = tail.putArray("messages");
            messages.forEach(message -> message.line(lines.addObject(), content));
            ArrayNode pairs = tail.putArray("pairs");
            answered.forEach(call -> call.replies(pairs.addObject().put("n", call.number)));
            frames.add(new Frame("tail", tail));
        }
        return frames;
    }

    private boolean isIdle() {
        return ended == null
                && waiting.isEmpty()
                && changed.isEmpty()
                && notices.isEmpty()
                && points.isEmpty()
                && nodes == null
                && notShown == 0;
    }

    private void send(OutputStream out, ObjectMapper json, List<Frame> frames) throws IOException {
        StringBuilder text = new StringBuilder();
        for (Frame frame : frames) {
            text.append("event: ").append(frame.event()).append("\ndata: ");
            text.append(json.writeValueAsString(frame.data())).append("\n\n");
        }
        if (frames.isEmpty()) {
            text.append(": beat\n\n");
        }
        writingSince = System.nanoTime() | 1;
        try {
            out.write(text.toString().getBytes(StandardCharsets.UTF_8));
            out.flush();
        } finally {
            writingSince = 0;
        }
    }
}
