package dev.omnibus.bus;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.eventbus.EventBus;
import com.google.common.eventbus.Subscribe;
import dev.omnibus.internal.runtime.BusRuntime;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.io.OutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever the program's code throws, and wherever: the next event is handled, and the bus closes. */
class ThrowingProgramTest {

    private final InMemoryNetwork network = new InMemoryNetwork();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Recording listener = new Recording();
    private final List<Integer> handled = new CopyOnWriteArrayList<>();
    private Bus bus = Bus.builder(network.open())
            .name("throwing")
            .heartbeat(Duration.ofMillis(200))
            .listener(listener)
            .drainTimeout(Duration.ofSeconds(5))
            .build();

    static List<Supplier<Throwable>> thrown() {
        return List.of(
                () -> new IllegalStateException("on purpose"),
                () -> new StackOverflowError("on purpose"),
                () -> new AssertionError("on purpose"),
                () -> new NoClassDefFoundError("on/Purpose"),
                () -> new OutOfMemoryError("on purpose"),
                () -> new ThreadDeath(),
                Unprintable.Failure::new,
                Unprintable.Fault::new,
                Unprintable::round,
                () -> new Exception("on purpose"));
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    static <X extends Throwable> RuntimeException sneaky(Throwable thrown) throws X {
        throw (X) thrown;
    }

    /** Throws from all of its methods, once it was told what. */
    private static final class Recording implements BusListener {

        final AtomicInteger calls = new AtomicInteger();
        final List<BusState> states = new CopyOnWriteArrayList<>();
        volatile @Nullable Supplier<Throwable> failure;

        private void call() {
            calls.incrementAndGet();
            Supplier<Throwable> thrown = failure;
            if (thrown != null) {
                throw ThrowingProgramTest.<RuntimeException>sneaky(thrown.get());
            }
        }

        @Override
        public void onHandlerFailed(Event<?> event, Throwable failure) {
            call();
        }

        @Override
        public void onBadMessage(String channel, String problem) {
            call();
        }

        @Override
        public void onDeadEvent(String topic, String type) {
            call();
        }

        @Override
        public void onState(BusState state) {
            states.add(state);
            if (state == BusState.DOWN || state == BusState.UP) {
                call();
            }
        }
    }

    /** Throws when it is read, and when it is written. */
    record Explosive(int number) {

        static volatile Supplier<Throwable> failure = IllegalStateException::new;

        Explosive {
            if (number < 0) {
                throw ThrowingProgramTest.<RuntimeException>sneaky(failure.get());
            }
        }

        public int getMore() {
            if (number == 1_000) {
                throw ThrowingProgramTest.<RuntimeException>sneaky(failure.get());
            }
            return number;
        }
    }

    @AfterEach
    void close() {
        bus.close();
        assertEquals(BusState.CLOSED, bus.state());
        threads.shutdownNow();
    }

    private void publish(int from, int to) {
        for (int i = from; i < to; i++) {
            bus.publish("n", i).join();
        }
    }

    @ParameterizedTest
    @MethodSource("thrown")
    void whereAHandlerThrows(Supplier<Throwable> failure) {
        Subscription subscription = bus.subscribe("n", Integer.class, event -> {
            if (event.data() % 2 == 1) {
                throw ThrowingProgramTest.<RuntimeException>sneaky(failure.get());
            }
            handled.add(event.data());
        });
        subscription.ready().join();
        publish(0, 10);
        await().until(() -> handled.equals(List.of(0, 2, 4, 6, 8)) && listener.calls.get() == 5 + 1);
        assertEquals(5, subscription.stats().failed());
        subscription.close();
        subscription.closed().orTimeout(5, SECONDS).join();
    }

    @ParameterizedTest
    @MethodSource("thrown")
    void whereAKeyThrows(Supplier<Throwable> failure) {
        SubscribeOptions keyed = SubscribeOptions.defaults().withConcurrency(2).withOrderingKey(event -> {
            throw ThrowingProgramTest.<RuntimeException>sneaky(failure.get());
        });
        Subscription subscription = bus.subscribe("n", Integer.class, keyed, event -> handled.add(event.data()));
        subscription.ready().join();
        publish(0, 10);
        await().until(() -> handled.size() == 10 && listener.calls.get() == 10 + 1);
        subscription.close();
        subscription.closed().orTimeout(5, SECONDS).join();
    }

    @ParameterizedTest
    @MethodSource("thrown")
    void whereTheListenerThrows(Supplier<Throwable> failure) {
        listener.failure = failure;
        bus.subscribe("n", Integer.class, event -> {
                    handled.add(event.data());
                    throw new IllegalStateException("on purpose");
                })
                .ready()
                .join();
        publish(0, 5);
        network.down();
        await().until(() -> bus.state() == BusState.DOWN);
        network.up();
        await().until(() -> bus.state() == BusState.UP);
        publish(5, 10);
        await().until(() -> handled.size() == 10 && listener.calls.get() >= 10 + 3);
    }

    @ParameterizedTest
    @MethodSource("thrown")
    void whereDataThrowsWhenItIsReadOrWritten(Supplier<Throwable> failure) {
        Explosive.failure = failure;
        bus.subscribe("n", Explosive.class, event -> handled.add(event.data().number()))
                .ready()
                .join();
        RawFrames.publish(bus, "n", event("-1")).join();
        bus.publish("n", new Explosive(1)).join();
        assertThrows(Throwable.class, () -> bus.publish("n", new Explosive(1_000)));
        bus.publish("n", new Explosive(2)).join();
        await().until(() -> handled.equals(List.of(1, 2)));
        await().until(() -> bus.stats().badMessages() == 1);
    }

    private static String event(String number) {
        return "{\"specversion\":\"1.0\",\"source\":\"/s\",\"type\":\"Explosive\",\"id\":\"1\",\"data\":{\"number\":"
                + number + "}}";
    }

    /** What Guava calls. */
    public static final class Subscriber {

        private final Supplier<Throwable> failure;
        private final List<Integer> handled;

        Subscriber(Supplier<Throwable> failure, List<Integer> handled) {
            this.failure = failure;
            this.handled = handled;
        }

        @Subscribe
        @OnTopic("n")
        public void on(Integer number) {
            handled.add(number);
            throw ThrowingProgramTest.<RuntimeException>sneaky(failure.get());
        }
    }

    @ParameterizedTest
    @MethodSource("thrown")
    void whereASubscribeMethodThrows(Supplier<Throwable> failure) {
        bus.register(new Subscriber(failure, handled)).join();
        publish(0, 5);
        await().until(() -> handled.equals(List.of(0, 1, 2, 3, 4)) && listener.calls.get() == 5 + 1);
    }

    @ParameterizedTest
    @MethodSource("thrown")
    void whereASubscriberBehindABridgeThrows(Supplier<Throwable> failure) {
        EventBus local = new EventBus((e, context) -> {});
        local.register(new Subscriber(failure, handled));
        try (GuavaBridge bridge = GuavaBridge.between(bus, local)) {
            bridge.forward(Integer.class, Topic.of("out", Integer.class));
            bridge.receive("n", Integer.class).ready().join();
            publish(0, 5);
            await().until(() -> handled.equals(List.of(0, 1, 2, 3, 4)));
        }
    }

    @ParameterizedTest
    @MethodSource("thrown")
    void whereAnExecutorThrows(Supplier<Throwable> failure) {
        AtomicInteger calls = new AtomicInteger();
        Subscription subscription = bus.subscribe(
                "n",
                Integer.class,
                SubscribeOptions.defaults().withExecutor(task -> {
                    if (calls.incrementAndGet() == 2) {
                        throw ThrowingProgramTest.<RuntimeException>sneaky(failure.get());
                    }
                    threads.execute(task);
                }),
                event -> handled.add(event.data()));
        subscription.ready().join();
        for (int i = 0; i < 10; i++) {
            bus.publish("n", i).join();
            int next = i;
            await().until(() ->
                    handled.size() == next + 1 || subscription.closed().isDone());
        }
        boolean refused = failure.get() instanceof RuntimeException;
        assertEquals(refused, subscription.closed().isDone());
        subscription.close();
        subscription.closed().orTimeout(5, SECONDS).join();
    }

    private void survives(int times, Executor executor) throws Exception {
        Subscription subscription = bus.subscribe(
                "n",
                Integer.class,
                SubscribeOptions.defaults().withExecutor(executor),
                event -> handled.add(event.data()));
        subscription.ready().join();
        for (int i = 0; i < times; i++) {
            bus.publish("n", i).join();
        }
        await().atMost(5, SECONDS).until(() -> {
            bus.publish("n", times).join(); // more of them may wake what was dropped
            return handled.containsAll(List.of(0, 1, times));
        });
        assertEquals(times, handled.stream().filter(number -> number < times).count());
        subscription.close();
        subscription.closed().get(5, SECONDS);
    }

    @Test
    void whereAnExecutorRunsEachTaskTwice() throws Exception {
        survives(1_000, task -> {
            threads.execute(task);
            threads.execute(task);
        });
    }

    @Test
    void whereAnExecutorRunsEachTaskTwiceInTheCaller() throws Exception {
        survives(1_000, task -> {
            task.run();
            task.run();
        });
    }

    @Test
    void whereAnExecutorRunsATaskAndThrowsAnError() throws Exception {
        survives(100, task -> {
            task.run();
            throw new AssertionError("on purpose");
        });
    }

    @Test
    void whereAnExecutorRunsInTheCaller() throws Exception {
        survives(1_000, Runnable::run);
    }

    @Test
    void whereAnExecutorDropsATaskWithoutAWord() throws Exception {
        AtomicInteger calls = new AtomicInteger();
        survives(100, task -> {
            if (calls.incrementAndGet() != 1) {
                threads.execute(task);
            }
        });
    }

    @Test
    void whereAnExecutorDropsATaskWhenTheMailboxIsFull() throws Exception {
        AtomicInteger calls = new AtomicInteger();
        Subscription subscription = bus.subscribe(
                "n",
                Integer.class,
                SubscribeOptions.defaults().withMailbox(10, 1 << 20).withExecutor(task -> {
                    if (calls.incrementAndGet() != 1) {
                        threads.execute(task);
                    }
                }),
                event -> handled.add(event.data()));
        subscription.ready().join();
        await().atMost(5, SECONDS).until(() -> {
            bus.publish("n", 1).join();
            return !handled.isEmpty();
        });
        subscription.close();
        subscription.closed().get(5, SECONDS);
    }

    @Test
    void whereAnExecutorDropsItsLastTaskTheBusEndsAfterItsTime() throws Exception {
        bus.close();
        bus = Bus.builder(network.open())
                .listener(listener)
                .drainTimeout(Duration.ofMillis(300))
                .build();
        AtomicInteger dropped = new AtomicInteger();
        Subscription subscription = bus.subscribe(
                "n",
                Integer.class,
                SubscribeOptions.defaults().withExecutor(task -> dropped.incrementAndGet()),
                event -> handled.add(event.data()));
        subscription.ready().join();
        bus.publish("n", 1).join();
        await().until(() -> dropped.get() == 1);
        threads.submit(bus::close).get(10, SECONDS);
        subscription.closed().get(5, SECONDS);
        assertEquals(1, subscription.stats().dropped());
        assertEquals(1, bus.stats().dropped());
        assertEquals(0, subscription.stats().waiting());
    }

    @Test
    void whereAnExecutorRejectsItsSubscriptionEndsAndSaysSo() {
        Subscription subscription = bus.subscribe(
                "n",
                Integer.class,
                SubscribeOptions.defaults().withExecutor(task -> {
                    throw new RejectedExecutionException("on purpose");
                }),
                event -> handled.add(event.data()));
        subscription.ready().join();
        publish(0, 1);
        subscription.closed().orTimeout(5, SECONDS).join();
    }

    @Test
    void whereTheListenerBlocksForEver() throws Exception {
        bus.close();
        CountDownLatch never = new CountDownLatch(1);
        bus = Bus.builder(network.open())
                .heartbeat(Duration.ofMillis(200))
                .drainTimeout(Duration.ofMillis(300))
                .listener(new BusListener() {
                    @Override
                    public void onState(BusState state) {
                        try {
                            never.await();
                        } catch (InterruptedException e) {
                            Thread.currentThread().interrupt();
                        }
                    }
                })
                .build();
        bus.subscribe("n", Integer.class, event -> handled.add(event.data()))
                .ready()
                .join();
        network.down();
        await().until(() -> bus.state() == BusState.DOWN);
        network.up();
        await().until(() -> bus.state() == BusState.UP);
        publish(0, 10);
        await().until(() -> handled.size() == 10);
        threads.submit(bus::close).get(10, SECONDS);
        assertSame(BusState.CLOSED, bus.state());
    }

    private static String numbered(String number, int data) {
        return "{\"specversion\":\"1.0\",\"source\":\"/s\",\"type\":\"Integer\",\"id\":\"1\",\"sequence\":\"" + number
                + "\",\"data\":" + data + "}";
    }

    /** As a log does whose disk is full, or whose classes are gone. */
    @ParameterizedTest
    @MethodSource("thrown")
    void whereTheLogThrows(Supplier<Throwable> failure) {
        PrintStream before = System.err;
        System.setErr(new PrintStream(OutputStream.nullOutputStream()) {
            @Override
            public void println(@Nullable String line) {
                throw ThrowingProgramTest.<RuntimeException>sneaky(failure.get());
            }
        });
        try {
            bus.subscribe("n", Integer.class, event -> {
                        handled.add(event.data());
                        throw new IllegalStateException("on purpose");
                    })
                    .ready()
                    .join();
            String frame = "[17," + numbered("1", 1) + "," + numbered("1", 2) + ",{}," + numbered("9", 3) + ","
                    + event("\"no\"") + "," + numbered("10", 4) + "]";
            RawFrames.publish(bus, "n", frame).join();
            await().until(() -> handled.equals(List.of(1, 3, 4)));
            assertEquals(1, bus.stats().gaps());
            assertEquals(1, bus.stats().duplicates());
            await().until(() -> bus.stats().badMessages() == 3 && listener.calls.get() == 3 + 3 + 1);
            network.down();
            await().until(() -> listener.states.contains(BusState.DOWN));
            network.up();
            await().until(() -> listener.states.get(listener.states.size() - 1) == BusState.UP);
            publish(5, 6);
            await().until(() -> handled.equals(List.of(1, 3, 4, 5)));
            bus.close();
        } finally {
            System.setErr(before);
        }
    }

    @Test
    void whereAHandlerOfUncaughtExceptionsThrows() throws Exception {
        Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
        AtomicInteger ran = new AtomicInteger();
        CountDownLatch together = new CountDownLatch(1);
        try {
            Thread.setDefaultUncaughtExceptionHandler((thread, e) -> {
                throw new IllegalStateException("on purpose");
            });
            BusRuntime.of(bus).executor().execute(() -> {
                for (int i = 0; i < 5; i++) {
                    BusRuntime.of(bus).executor().execute(() -> {
                        ran.incrementAndGet();
                        throw new IllegalStateException("on purpose");
                    });
                }
                together.countDown();
            });
            assertTrue(together.await(5, SECONDS));
            await().dontCatchUncaughtExceptions().until(() -> ran.get() == 5);
        } finally {
            Thread.setDefaultUncaughtExceptionHandler(before);
        }
    }
}
