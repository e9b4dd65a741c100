package dev.omnibus.internal.event;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.eventbus.Subscribe;
import dev.omnibus.bus.BusFixture;
import dev.omnibus.bus.Event;
import dev.omnibus.bus.OnTopic;
import dev.omnibus.bus.Topic;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;

/** Objects with Guava's annotation as subscribers of topics. */
public class AnnotatedSubscribersTest extends BusFixture {

    record Placed(String id) {}

    record Cancelled(String id) {}

    private final InMemoryNetwork network = new InMemoryNetwork();
    private final List<String> told = new CopyOnWriteArrayList<>();

    @Override
    public Transport connect() {
        return network.open();
    }

    private class Desk {

        @Subscribe
        @OnTopic("orders.*")
        void placed(Placed order) {
            told.add("placed " + order.id());
        }

        @Subscribe
        @OnTopic("orders.*")
        private void cancelled(Event<Cancelled> event) {
            told.add("cancelled " + event.data().id() + " on " + event.topic());
        }

        @Subscribe
        @OnTopic("archive.orders")
        void archived(Placed order) {
            told.add("archived " + order.id());
        }
    }

    @Test
    void eachMethodGetsTheEventsOfItsTopicAndItsType() throws Exception {
        Desk desk = new Desk();
        there.register(desk).get(5, SECONDS);
        here.publish("orders.eu", new Placed("a"));
        here.publish("orders.us", new Cancelled("a"));
        here.publish("orders.us", new Placed("b")).get(5, SECONDS);
        here.publish("archive.orders", new Placed("c")).get(5, SECONDS);
        await().until(() -> told.size() == 4);
        List<String> orders = new ArrayList<>(told);
        orders.remove("archived c"); // another topic, in no order to these
        assertEquals(List.of("placed a", "cancelled a on orders.us", "placed b"), orders);
        assertEquals(1, here.publish("orders.eu", new Placed("d")).get(5, SECONDS)); // one Redis subscription a topic
    }

    @Test
    void whatIsUnregisteredHasHandledWhatArrivedAndGetsNoMore() throws Exception {
        Desk desk = new Desk();
        there.register(desk).get(5, SECONDS);
        for (int i = 0; i < 100; i++) {
            here.publish("orders.eu", new Placed("a" + i));
        }
        here.publish("orders.eu", new Placed("last")).get(5, SECONDS);
        there.unregister(desk).get(5, SECONDS);
        assertEquals(101, told.size());
        assertEquals(0, here.publish("orders.eu", new Placed("late")).get(5, SECONDS));
        there.register(desk).get(5, SECONDS);
        assertEquals(1, here.publish("orders.eu", new Placed("again")).get(5, SECONDS));
    }

    @Test
    void whenOneOfItsTopicsCannotBeSubscribedToNoneIsAndItMayBeTriedAgain() throws Exception {
        Desk desk = new Desk();
        var other = BusRuntime.of(there)
                .channels()
                .listen(
                        BusRuntime.of(there).channels().names().event("archive.orders"),
                        (channel, messages, next) -> {});
        other.ready().get(5, SECONDS);
        assertThrows(IllegalStateException.class, () -> there.register(desk));
        other.close().get(5, SECONDS);
        await().until(() -> here.publish("orders.eu", new Placed("lost")).get(5, SECONDS) == 0);
        there.register(desk).get(5, SECONDS);
        here.publish("orders.eu", new Placed("a")).get(5, SECONDS);
        await().until(() -> told.equals(List.of("placed a")));
    }

    private final class Leaving {

        private final List<String> refused = new CopyOnWriteArrayList<>();

        @Subscribe
        @OnTopic("archive.orders")
        void archived(Placed order) {
            told.add("archived " + order.id());
        }

        @Subscribe
        @OnTopic("orders.*")
        void placed(Placed order) {
            refused.add(assertThrows(
                            IllegalStateException.class,
                            () -> there.unregister(this).join())
                    .getMessage());
        }
    }

    @Test
    void aMethodThatWaitsForTheEndOfItsOwnObjectIsTold() throws Exception {
        Leaving leaving = new Leaving();
        there.register(leaving).get(5, SECONDS);
        here.publish("orders.eu", new Placed("a")).get(5, SECONDS);
        await().until(() -> leaving.refused.equals(
                List.of("The handler of orders.* would wait for its own end, which comes when it returns. Close the"
                        + " subscription without waiting, or wait on another thread")));
        await().until(() -> here.publish("orders.eu", new Placed("late")).join() == 0);
    }

    @Test
    void whatCouldNotBeRegisteredMayBeRegisteredAgain() throws Exception {
        Desk desk = new Desk();
        network.down();
        assertThrows(ExecutionException.class, () -> there.register(desk).get(5, SECONDS));
        network.up();
        there.register(desk).get(5, SECONDS);
        await().until(() -> here.publish("orders.eu", new Placed("a"))
                .handle((receivers, failure) -> failure == null && receivers == 1)
                .get(5, SECONDS));
    }

    private final class Failing {

        @Subscribe
        @OnTopic("n")
        void fails(Placed order) {
            if (!order.id().isEmpty()) {
                throw new IllegalStateException("on purpose; its trace belongs to this test");
            }
        }

        @Subscribe
        @OnTopic("n")
        void overflows(Placed order) {
            if (!order.id().isEmpty()) {
                throw new StackOverflowError("on purpose; its trace belongs to this test");
            }
        }

        @Subscribe
        @OnTopic("n")
        void works(Placed order) {
            told.add(order.id());
        }
    }

    @Test
    void aMethodThatThrowsIsReportedAndTheOthersAreCalled() throws Exception {
        there.register(new Failing()).get(5, SECONDS);
        here.publish("n", new Placed("a"));
        here.publish("n", new Placed("b"));
        await().until(() -> told.equals(List.of("a", "b")));
        await().until(() -> listener.told.size() == 4);
        assertTrue(listener.told.stream().allMatch(line -> line.startsWith("failed n Placed[id=")));
        assertEquals(4, there.stats().handlerFailures());
    }

    @Test
    void anEventThatNoMethodTakesIsDeadAndOneThatDoesNotFitIsBad() throws Exception {
        there.register(new Failing()).get(5, SECONDS);
        here.publish("n", new Cancelled("a"));
        here.publish(new Topic<>("n", String.class, "Placed"), "no object").get(5, SECONDS);
        await().until(() -> listener.told.size() == 2);
        assertEquals("dead n Cancelled", listener.told.get(0));
        assertTrue(listener.told.get(1).startsWith("bad n: Event 2 of /nodes/"), listener.told::toString);
    }

    private final class Curious extends Desk {

        @Subscribe
        @OnTopic("orders.*")
        void all(JsonNode data) {
            told.add("tree " + data);
        }

        @Subscribe
        @OnTopic(value = "orders.*", type = "com.example.placed")
        void named(Placed order) {
            told.add("named " + order.id());
        }

        @Override
        @Subscribe
        @OnTopic("orders.*")
        void placed(Placed order) {
            told.add("overridden " + order.id());
        }
    }

    @Test
    void aTreeTakesAllTypesAndATypeCanBeNamed() throws Exception {
        there.register(new Curious()).get(5, SECONDS);
        here.publish("orders.eu", new Placed("a"));
        here.publish(Topic.of("orders.eu", Placed.class).withEventType("com.example.placed"), new Placed("b"));
        await().until(() -> told.size() == 4);
        assertEquals(
                List.of("named b", "overridden a", "tree {\"id\":\"a\"}", "tree {\"id\":\"b\"}"),
                told.stream().sorted().toList());
    }

    private static final class WithoutTopic {
        @Subscribe
        void on(Placed order) {}
    }

    private static final class TwoParameters {
        @Subscribe
        @OnTopic("n")
        void on(Placed order, Placed other) {}
    }

    private static final class BadTopic {
        @Subscribe
        @OnTopic("a b")
        void on(Placed order) {}
    }

    private static final class RawEvent {
        @Subscribe
        @OnTopic("n")
        @SuppressWarnings("rawtypes")
        void on(Event event) {}
    }

    @Test
    void whatCannotBeRegisteredIsRefusedAtOnceAndLeavesNothing() throws Exception {
        for (Object wrong :
                List.of(new Object(), new WithoutTopic(), new TwoParameters(), new BadTopic(), new RawEvent())) {
            assertThrows(IllegalArgumentException.class, () -> there.register(wrong));
            assertThrows(IllegalArgumentException.class, () -> there.unregister(wrong));
        }
        Desk desk = new Desk();
        there.register(desk).get(5, SECONDS);
        assertThrows(IllegalArgumentException.class, () -> there.register(desk));
        assertEquals(1, here.publish("orders.eu", new Placed("d")).get(5, SECONDS));
    }

    private final class Containers {

        @Subscribe
        @OnTopic("n.*")
        void list(List<Placed> orders) {
            told.add("list " + orders);
        }

        @Subscribe
        @OnTopic("n.*")
        void map(Event<Map<String, Placed>> event) {
            told.add("map " + event.data());
        }

        @Subscribe
        @OnTopic("n.*")
        void set(Set<Placed> orders) {
            told.add("set " + orders);
        }

        @Subscribe
        @OnTopic("n.*")
        void array(Placed[] orders) {
            told.add("array " + Arrays.toString(orders));
        }

        @Subscribe
        @OnTopic("n.*")
        void number(int number) {
            told.add("int " + number);
        }

        @Subscribe
        @OnTopic("n.*")
        void path(Path path) {
            told.add("path " + path.getFileName());
        }
    }

    @Test
    void methodsThatTakeCollectionsAndPrimitivesGetThem() throws Exception {
        there.register(new Containers()).get(5, SECONDS);
        Placed a = new Placed("a");
        here.publish("n.a", List.of(a));
        here.publish("n.a", Collections.unmodifiableList(Arrays.asList(a, a)));
        here.publish("n.a", new TreeMap<>(Map.of("k", a)));
        here.publish("n.a", Set.of(a));
        here.publish("n.a", new Placed[] {a});
        here.publish("n.a", 17);
        here.publish("n.a", Path.of("/tmp/x"));
        await().until(() -> told.size() == 7);
        assertEquals(
                List.of(
                        "list [Placed[id=a]]",
                        "list [Placed[id=a], Placed[id=a]]",
                        "map {k=Placed[id=a]}",
                        "set [Placed[id=a]]",
                        "array [Placed[id=a]]",
                        "int 17",
                        "path x"),
                told);
    }

    private final class Everything {

        @Subscribe
        @OnTopic("n")
        void object(Object data) {
            told.add("object " + data);
        }

        @Subscribe
        @OnTopic("n")
        void any(Event<?> event) {
            told.add("any " + event.type());
        }
    }

    @Test
    void aMethodThatTakesAnObjectGetsEverything() throws Exception {
        there.register(new Everything()).get(5, SECONDS);
        here.publish("n", new Placed("a"));
        here.publish("n", List.of(1, 2));
        await().until(() -> told.size() == 4);
        assertEquals(
                List.of("any List", "any Placed", "object [1, 2]", "object {id=a}"),
                told.stream().sorted().toList());
        assertEquals(List.of(), listener.told);
    }

    private abstract class Base<T> {

        @Subscribe
        @OnTopic("n")
        void on(T data) {
            told.add("base " + data);
        }

        @Subscribe
        @OnTopic("n")
        void many(Event<List<? extends T>> event) {
            told.add("many " + event.data());
        }
    }

    private final class OfPlaced extends Base<Placed> {}

    private final class Overriding extends Base<Placed> {

        @Override
        @Subscribe
        @OnTopic("n")
        void on(Placed data) {
            told.add("overridden " + data);
        }
    }

    private interface Listening {

        void seen(Placed order);

        @Subscribe
        @OnTopic("n")
        default void on(Placed order) {
            seen(order);
        }
    }

    @Test
    void aTypeVariableStandsForWhatTheObjectsClassSays() throws Exception {
        there.register(new OfPlaced()).get(5, SECONDS);
        here.publish("n", new Placed("a"));
        here.publish("n", List.of(new Placed("b")));
        await().until(() -> told.equals(List.of("base Placed[id=a]", "many [Placed[id=b]]")));
    }

    @Test
    void anOverriddenMethodOfAGenericClassIsCalledOnce() throws Exception {
        there.register(new Overriding()).get(5, SECONDS);
        here.publish("n", new Placed("a"));
        here.publish("n", List.of(new Placed("b")));
        await().until(() -> told.equals(List.of("overridden Placed[id=a]", "many [Placed[id=b]]")));
    }

    @Test
    void methodsOfInterfacesAreCalledToo() throws Exception {
        Listening object = order -> told.add("seen " + order);
        there.register(new Listening() {
                    @Override
                    public void seen(Placed order) {
                        object.seen(order);
                    }
                })
                .get(5, SECONDS);
        here.publish("n", new Placed("a"));
        await().until(() -> told.equals(List.of("seen Placed[id=a]")));
    }

    private final class Open<T> extends Base<T> {}

    private static final class OwnVariable {
        @Subscribe
        @OnTopic("n")
        <T> void on(T data) {}
    }

    private interface Shape {}

    private static final class Abstract {
        @Subscribe
        @OnTopic("n")
        void on(Shape shape) {}
    }

    @Test
    void whatNoEventCanBecomeIsRefused() {
        for (Object wrong : List.of(new Open<Placed>(), new OwnVariable(), new Abstract())) {
            assertThrows(IllegalArgumentException.class, () -> there.register(wrong));
        }
    }
}
