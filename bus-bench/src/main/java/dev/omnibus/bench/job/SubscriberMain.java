package dev.omnibus.bench.job;

import dev.omnibus.bench.peer.Closing;
import dev.omnibus.bench.peer.Order;
import dev.omnibus.bench.peer.Peer;
import dev.omnibus.bench.peer.Peers;
import dev.omnibus.bench.server.Addresses;
import dev.omnibus.bench.server.ChildJvm;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A program of a {@link ChildJvm}: opens and closes subscriptions as it is told, and counts what arrives. */
public final class SubscriberMain {

    private final Received received = new Received();
    private @Nullable Closing open;

    private SubscriberMain() {}

    /** What a child's JVM begins with. */
    public static void main(String[] args) throws IOException {
        ChildJvm.serve(new SubscriberMain()::answer);
    }

    private String answer(List<String> question) throws Exception {
        return switch (question.get(0)) {
            case "open" -> open(question);
            case "count" -> count();
            case "close" -> close();
            default -> throw new IllegalArgumentException("unknown " + question);
        };
    }

    /** {@code open <intake> <peer> <number of topics> <report every> <addresses>}. */
    private String open(List<String> question) throws Exception {
        Intake intake = Intake.valueOf(question.get(1));
        Peer peer = Peers.named(question.get(2));
        List<String> topics = EventJob.topics(Integer.parseInt(question.get(3)));
        long step = Long.parseLong(question.get(4));
        received.clear();
        Addresses addresses = Addresses.of(question.subList(5, question.size()));
        open = intake.open(peer, addresses, topics, order -> received(order, step));
        return "open";
    }

    private void received(Order order, long step) {
        if (order.receipt().total() > 0) { // it was really read
            long now = received.add(order);
            if (now % step == 0) {
                ChildJvm.report(now);
            }
        }
    }

    private String count() {
        Usage usage = Usage.ofThisProcess();
        return received.count() + " " + received.fingerprint() + " " + usage.cpuNanos() + " " + usage.allocatedBytes()
                + " " + usage.jitNanos();
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
