package dev.omnibus.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** The program of a {@link ChildJvm}: opens and closes subscriptions as it is told, and counts what arrives. */
final class SubscriberMain {

    /** Begins the lines that say, unasked, how many events have arrived. */
    static final String GOT = "got ";

    /** Begins the lines that answer. */
    static final String ANSWER = "answer ";

    static final String FAILED = "failed";

    private final AtomicLong received = new AtomicLong();
    private @Nullable Closing open;

    private SubscriberMain() {}

    /** What a child's JVM begins with. */
    public static void main(String[] args) throws IOException {
        SubscriberMain subscriber = new SubscriberMain();
        try (BufferedReader questions = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = questions.readLine(); line != null; line = questions.readLine()) {
                System.out.println(ANSWER + subscriber.answer(List.of(line.split(" ", -1))));
            }
        }
        System.exit(0); // some libraries have threads that would go on
    }

    private String answer(List<String> question) {
        try {
            return switch (question.get(0)) {
                case "open" -> open(question);
                case "count" -> count();
                case "close" -> close();
                default -> FAILED + " unknown " + question;
            };
        } catch (Exception e) {
            return FAILED + " " + e.toString().replace('\n', ' ');
        }
    }

    /** {@code open <peer> <number of topics> <report every> <redis> <nats>}. */
    private String open(List<String> question) throws Exception {
        Peer peer = Peers.named(question.get(1));
        List<String> topics = EventJob.topics(Integer.parseInt(question.get(2)));
        long step = Long.parseLong(question.get(3));
        received.set(0);
        open = peer.subscribe(new Addresses(question.get(4), question.get(5)), topics, order -> received(order, step));
        return "open";
    }

    private void received(Order order, long step) {
        if (order.receipt().total() > 0) { // it was really read
            long now = received.incrementAndGet();
            if (now % step == 0) {
                System.out.println(GOT + now);
            }
        }
    }

    private String count() {
        Usage usage = Usage.ofThisProcess();
        return received.get() + " " + usage.cpuNanos() + " " + usage.allocatedBytes() + " " + usage.jitNanos();
    }

    private String close() {
        Closing closing = open;
        open = null;
        if (closing != null) {
            closing.close();
        }
        return "closed";
    }
}
