package dev.omnibus.spring.test.shop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.omnibus.bus.Event;
import dev.omnibus.spring.test.BusProbe;
import dev.omnibus.spring.test.OmnibusTest;
import dev.omnibus.spring.test.shop.Shop.Desk;
import dev.omnibus.spring.test.shop.Shop.OrderPlaced;
import dev.omnibus.spring.test.shop.Shop.OrderShipped;
import dev.omnibus.spring.test.shop.Shop.Stock;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;

@OmnibusTest
class OmnibusSliceTest {

    private final BusProbe probe;
    private final ApplicationContext context;

    @Autowired
    OmnibusSliceTest(BusProbe probe, ApplicationContext context) {
        this.probe = probe;
        this.context = context;
    }

    @BeforeEach
    void clear() {
        probe.clear();
    }

    @Test
    void aListenerCallsAServiceOfTheProbeAndPublishesItsResult() {
        probe.serve(Stock.class, id -> 11);
        probe.bus().publish("orders.placed", new OrderPlaced("o-17"));
        Event<OrderShipped> shipped = probe.await("orders.shipped", OrderShipped.class);
        assertThat(shipped.data()).isEqualTo(new OrderShipped("o-17", 11));
        assertThat(shipped.source()).doesNotContain(probe.bus().node());
        assertThat(probe.topics()).doesNotContain("orders.shipped"); // it is taken
    }

    @Test
    void aServiceIsCalledFromOutside() {
        assertThat(probe.proxy(Desk.class).ask("o-17")).isEqualTo("o-17 is on its way");
    }

    @Test
    void onlyListenersAndServicesAreScanned() {
        assertThat(context.getBeansOfType(Shop.Database.class)).isEmpty();
        assertThat(context.getBeansOfType(Shop.Shipping.class)).hasSize(1);
    }

    @Test
    void dataThatDoesNotFitIsShown() {
        probe.bus().publish("numbers", "seventeen").join();
        assertThatThrownBy(() -> probe.await("numbers", OrderPlaced.class))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("seventeen");
    }
}
