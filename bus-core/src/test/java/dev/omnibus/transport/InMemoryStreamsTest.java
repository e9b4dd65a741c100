package dev.omnibus.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import dev.omnibus.transport.Streams.AppendResult;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class InMemoryStreamsTest extends StreamsContract {

    private final InMemoryNetwork network = new InMemoryNetwork();

    @Override
    Transport connect() {
        return network.open();
    }

    @Override
    void pass(Duration time) {
        network.advance(time);
    }

    @Override
    void forget() {
        network.forget();
    }

    @Test
    void whatIsDoneWhileAnswersAreLostIsDoneAllTheSame() {
        open(SETTINGS);
        network.loseAnswers(true);
        assertEquals(TransportException.Kind.CONNECTION_LOST, kind(streams.append(keys, append(1, false, "e1"))));
        network.loseAnswers(false);
        assertEquals(
                1, assertInstanceOf(AppendResult.Appended.class, send(1, "e1")).last());
        assertEquals(1, streams.status(keys).join().entries());
    }

    @Test
    void aPublisherIsForgottenAfterAWhile() {
        open(SETTINGS);
        fill(3);
        pass(Streams.PUBLISHER_REMEMBERED.minusSeconds(1));
        assertInstanceOf(AppendResult.Appended.class, send(4));
        pass(Streams.PUBLISHER_REMEMBERED.minusSeconds(1));
        assertInstanceOf(AppendResult.Appended.class, send(4));
        pass(Streams.PUBLISHER_REMEMBERED);
        assertEquals(new AppendResult.Hole(0), send(4, "e4"));
    }

    @Test
    void aNetworkThatIsDownDoesNothing() {
        open(SETTINGS);
        network.down();
        assertEquals(TransportException.Kind.CONNECTION_LOST, kind(streams.append(keys, append(1, false, "e1"))));
        network.up();
        assertEquals(0, streams.status(keys).join().entries());
    }
}
