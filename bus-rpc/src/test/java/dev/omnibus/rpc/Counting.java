package dev.omnibus.rpc;

import dev.omnibus.transport.Publication;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import java.util.List;
import java.util.function.LongUnaryOperator;

/** A transport that tells the counts of one channel late, or changes all counts. */
final class Counting extends PassingOn {

    private final String held;
    private final LongUnaryOperator count;
    private final List<Runnable> late;

    /** Keeps the counts of the channel {@code held}, none if it is empty, for {@code late}. */
    Counting(Transport link, String held, LongUnaryOperator count, List<Runnable> late) {
        super(link);
        this.held = held;
        this.count = count;
        this.late = late;
    }

    @Override
    public void publish(List<Publication> publications) {
        link.publish(publications.stream().map(this::changed).toList());
    }

    private Publication changed(Publication sent) {
        return new Publication(sent.channel(), sent.frame(), sent.counted(), new Publication.Outcome() {
            @Override
            public void published(long receivers, long patternSubscribers) {
                Runnable tell = () -> sent.outcome().published(count.applyAsLong(receivers), patternSubscribers);
                if (sent.channel().equals(held)) {
                    late.add(tell);
                } else {
                    tell.run();
                }
            }

            @Override
            public void failed(TransportException failure) {
                sent.outcome().failed(failure);
            }
        });
    }
}
