package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever the program's code throws around calls, and wherever: who calls is answered, and the next call works. */
class ThrowingServiceTest {

    interface Work {
        int plain(int how);

        @NonBlocking
        int quick(int how);

        CompletionStage<Integer> later(int how);

        int read(Explosive what);

        Explosive written(int number);
    }

    /** Throws when it is read, and when it is written. */
    record Explosive(int number) {

        Explosive {
            if (number == READING) {
                throw ThrowingServiceTest.<RuntimeException>sneaky(failing.get());
            }
        }

        public int getMore() {
            if (number == WRITING) {
                throw ThrowingServiceTest.<RuntimeException>sneaky(failing.get());
            }
            return number;
        }
    }

    /** An exception as the worst programs have them: whoever looks at it is thrown at. */
    static final class Unprintable extends RuntimeException {

        private static final long serialVersionUID = 1L;

        @Override
        public String getMessage() {
            throw new IllegalStateException("thrown by getMessage");
        }

        @Override
        public String toString() {
            throw new StackOverflowError("thrown by toString");
        }

        @Override
        public synchronized Throwable getCause() {
            throw new IllegalStateException("thrown by getCause");
        }
    }

    private static final int FINE = 0;
    private static final int THROWS = 1;
    private static final int FAILS_LATER = 2;
    private static final int READING = 3;
    private static final int WRITING = 4;
    private static final int HELD = 5;

    private static volatile Supplier<Throwable> failing = IllegalStateException::new;
    private static volatile CompletableFuture<Integer> held = new CompletableFuture<>();

    private final InMemoryNetwork network = new InMemoryNetwork();
    private Bus server;
    private Bus caller;
    private Work work;
    private RpcClient client;

    static List<Supplier<Throwable>> thrown() {
        return List.of(
                () -> new IllegalStateException("on purpose"),
                () -> new StackOverflowError("on purpose"),
                () -> new AssertionError("on purpose"),
                () -> new NoClassDefFoundError("on/Purpose"),
                () -> new OutOfMemoryError("on purpose"),
                () -> new ThreadDeath(),
                Unprintable::new,
                () -> new Exception("on purpose"));
    }

    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private static <X extends Throwable> RuntimeException sneaky(Throwable thrown) throws X {
        throw (X) thrown;
    }

    private static RuntimeException fail() {
        throw ThrowingServiceTest.<RuntimeException>sneaky(failing.get());
    }

    private static final class Working implements Work {

        @Override
        public int plain(int how) {
            if (how == THROWS) {
                throw fail();
            }
            return how;
        }

        @Override
        public int quick(int how) {
            return plain(how);
        }

        @Override
        public CompletionStage<Integer> later(int how) {
            if (how == FAILS_LATER) {
                return CompletableFuture.failedFuture(failing.get());
            }
            if (how == HELD) {
                return held;
            }
            return how == WRITING ? new ThrowingStage() : CompletableFuture.completedFuture(plain(how));
        }

        @Override
        public int read(Explosive what) {
            return what.number();
        }

        @Override
        public Explosive written(int number) {
            return new Explosive(number);
        }
    }

    /** A stage of the program's own making. */
    private static final class ThrowingStage extends CompletableFuture<Integer> {
        @Override
        public CompletableFuture<Integer> whenComplete(BiConsumer<? super Integer, ? super Throwable> action) {
            throw fail();
        }
    }

    @BeforeEach
    void open() {
        server = Bus.builder(network.open()).name("server").build();
        RpcServer.on(server).serve(Work.class, new Working()).ready().join();
        caller = Bus.builder(network.open()).name("caller").build();
        client = RpcClient.on(caller);
        work = client.proxy(Work.class, CallOptions.defaults().withTimeout(Duration.ofSeconds(4)));
        assertEquals(FINE, work.plain(FINE));
    }

    @AfterEach
    void close() {
        caller.close();
        server.close();
    }

    private static void refused(Reason reason, Runnable call) {
        RpcException e = assertThrows(RpcException.class, call::run);
        assertEquals(reason, e.reason(), e::getMessage);
    }

    private void works() {
        assertEquals(FINE, work.plain(FINE));
        assertEquals(FINE, work.quick(FINE));
        assertEquals(
                1,
                client.broadcast("work.plain", Integer.class, FINE)
                        .ask()
                        .values()
                        .size());
    }

    @ParameterizedTest
    @MethodSource("thrown")
    void whereAServedMethodThrows(Supplier<Throwable> failure) {
        failing = failure;
        refused(Reason.FAULT, () -> work.plain(THROWS));
        refused(Reason.FAULT, () -> work.quick(THROWS));
        refusedLater(() -> work.later(THROWS).toCompletableFuture().join());
        refusedLater(() -> work.later(FAILS_LATER).toCompletableFuture().join());
        refusedLater(() -> work.later(WRITING).toCompletableFuture().join());
        works();
    }

    private static void refusedLater(Runnable call) {
        try {
            call.run();
        } catch (CompletionException e) {
            RpcException cause = assertInstanceOf(RpcException.class, e.getCause());
            assertEquals(Reason.FAULT, cause.reason(), cause::getMessage);
            return;
        } catch (RpcException e) {
            assertEquals(Reason.FAULT, e.reason(), e::getMessage);
            return;
        }
        throw new AssertionError("nothing was thrown");
    }

    @ParameterizedTest
    @MethodSource("thrown")
    void whereAnArgumentThrowsWhenItIsReadAndAResultWhenItIsWritten(Supplier<Throwable> failure) {
        failing = failure;
        RpcException e = CallFixture.failure(client.call("work.read", Integer.class, Map.of("number", READING)));
        assertTrue(e.reason() == Reason.FAULT || e.reason() == Reason.REFUSED, e::getMessage);
        refused(Reason.FAULT, () -> work.written(WRITING));
        refused(Reason.FAULT, () -> work.written(READING));
        works();
    }

    @ParameterizedTest
    @MethodSource("thrown")
    void whereAnInterceptorThrows(Supplier<Throwable> failure) {
        failing = failure;
        AtomicInteger calls = new AtomicInteger();
        RpcServer.on(server).intercept((call, next) -> {
            if (calls.incrementAndGet() == 1) {
                throw fail();
            }
            next.proceed().thenAccept(outcome -> {
                throw fail();
            });
            throw fail();
        });
        refused(Reason.REFUSED, () -> work.plain(FINE));
        client.intercept((method, options, next) -> {
            next.proceed(options).thenAccept(outcome -> {
                throw fail();
            });
            throw fail();
        });
        works();
    }

    @ParameterizedTest
    @MethodSource("thrown")
    void whereAListenerOfTheDirectoryThrows(Supplier<Throwable> failure) {
        failing = failure;
        List<String> joined = new CopyOnWriteArrayList<>();
        Directory.on(caller).watch(new Directory.Listener() {
            @Override
            public void joined(NodeInfo node) {
                joined.add(node.application());
                throw fail();
            }
        });
        await().until(() -> joined.contains("server"));
        try (Bus another = Bus.builder(network.open()).name("another").build()) {
            RpcServer.on(another).serve(Work.class, new Working()).ready().join();
            await().until(() -> joined.contains("another"));
        }
        works();
    }

    @ParameterizedTest
    @MethodSource("thrown")
    void whereAListenerOfRepliesThrows(Supplier<Throwable> failure) {
        failing = failure;
        Broadcast<Integer> broadcast = client.broadcast("work.plain", Integer.class, FINE);
        assertEquals(
                1,
                broadcast
                        .onReply(reply -> {
                            throw fail();
                        })
                        .ask()
                        .values()
                        .size());
        CompletableFuture<Replies<Integer>> ruled = broadcast
                .until(Until.<Integer>accepted(value -> {
                    throw fail();
                }))
                .askAsync();
        assertThrows(Throwable.class, () -> ruled.get(5, SECONDS));
        AtomicInteger signals = new AtomicInteger();
        broadcast.publisher().subscribe(new Flow.Subscriber<>() {
            @Override
            public void onSubscribe(Flow.Subscription subscription) {
                subscription.request(10);
            }

            @Override
            public void onNext(Reply<Integer> item) {
                signals.incrementAndGet();
                throw fail();
            }

            @Override
            public void onError(Throwable thrown) {}

            @Override
            public void onComplete() {}
        });
        await().until(() -> signals.get() == 1);
        works();
    }

    @ParameterizedTest
    @MethodSource("thrown")
    void whereWhatHangsOnACallThrows(Supplier<Throwable> failure) {
        failing = failure;
        AtomicInteger ran = new AtomicInteger();
        held = new CompletableFuture<>(); // what hangs on a call that has ended already runs, and throws, right here
        client.call("work.later", Integer.class, HELD).whenComplete((value, thrown) -> {
            ran.incrementAndGet();
            throw fail();
        });
        held.complete(FINE);
        await().until(() -> ran.get() == 1);
        works();
    }
}
