package dev.omnibus.internal.event;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.omnibus.bus.BusListener;
import dev.omnibus.bus.BusState;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LifecycleTest {

    private final List<BusState> told = new ArrayList<>();
    private final BusListener listener = new BusListener() {
        @Override
        public void onState(BusState state) {
            told.add(state);
        }
    };
    private final Lifecycle lifecycle = new Lifecycle(
            "here", new ListenerNotifier(List.of(listener), new EventCounters(), Runnable::run, (delay, task) -> {}));

    @Test
    void aLinkThatIsDownAgainBeforeTheBusIsReadyIsNotCalledUp() {
        lifecycle.onDisconnected();
        assertEquals(List.of(BusState.CONNECTING), told);
        lifecycle.connected();
        assertEquals(BusState.DOWN, lifecycle.state());
        lifecycle.onConnected();
        assertEquals(List.of(BusState.CONNECTING, BusState.UP, BusState.DOWN, BusState.UP), told);
    }

    @Test
    void nothingLeadsBackFromTheEnd() {
        lifecycle.connected();
        lifecycle.enter(BusState.DRAINING);
        lifecycle.onDisconnected();
        lifecycle.onConnected();
        lifecycle.enter(BusState.CLOSED);
        lifecycle.onDisconnected();
        assertEquals(List.of(BusState.CONNECTING, BusState.UP, BusState.DRAINING, BusState.CLOSED), told);
    }
}
