package dev.omnibus.rpc;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import dev.omnibus.bus.Bus;
import dev.omnibus.transport.Transport;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;

/** A service that can do and fail in every way, and those who call it, on a transport that the test chooses. */
abstract class CasesFixture {

    static final class SoldOut extends Exception {
        private final String sku;
        private final int left;

        SoldOut(String message, String sku, int left) {
            super(message);
            this.sku = sku;
            this.left = left;
        }

        String sku() {
            return sku;
        }

        int getLeft() {
            return left;
        }
    }

    interface Cases {
        void nothing();

        Optional<String> maybe(boolean there);

        int size(String text);

        String text(int length);

        int add(int one, int other);

        @OneWay
        void tell(String text);

        String fail(String how) throws SoldOut, IOException;

        /** Runs until it is released, and says how it ended. */
        String block(String name);

        CompletableFuture<String> later(String name) throws SoldOut;

        @Timeout(millis = 200)
        String timed(String name);

        @NonBlocking
        String quick(String how);

        @Idempotent
        String again(String name);
    }

    final String prefix = "test-" + UUID.randomUUID();
    final CountDownLatch release = new CountDownLatch(1);
    final CompletableFuture<String> later = new CompletableFuture<>();
    final List<String> notes = new CopyOnWriteArrayList<>();
    final AtomicInteger executions = new AtomicInteger();
    private final List<AutoCloseable> open = new ArrayList<>();

    abstract Transport connect();

    class Everything implements Cases {

        private final String node;

        Everything(String node) {
            this.node = node;
        }

        @Override
        public void nothing() {
            executions.incrementAndGet();
        }

        @Override
        public Optional<String> maybe(boolean there) {
            return there ? Optional.of(node) : Optional.empty();
        }

        @Override
        public int size(String text) {
            return text.length();
        }

        @Override
        public String text(int length) {
            return "x".repeat(length);
        }

        @Override
        public int add(int one, int other) {
            return one + other;
        }

        @Override
        public void tell(String text) {
            notes.add(text);
            if (text.startsWith("fail")) {
                throw new IllegalStateException("told to fail");
            }
        }

        @Override
        public String fail(String how) throws SoldOut, IOException {
            switch (how) {
                case "declared" -> throw new SoldOut("no more of it", "sku-1", 0);
                case "jdk" -> throw new IOException("secret path");
                case "error" -> throw new AssertionError("secret");
                case "overflow" -> {
                    return fail(how);
                }
                default -> throw new IllegalStateException("secret");
            }
        }

        @Override
        public String block(String name) {
            CallContext context = CallContext.current();
            notes.add("started " + name);
            try {
                return release.await(30, TimeUnit.SECONDS) ? node : "timeout";
            } catch (InterruptedException e) {
                notes.add("interrupted " + name + " " + context.isCancelled());
                return "interrupted";
            }
        }

        @Override
        public CompletableFuture<String> later(String name) throws SoldOut {
            if (name.equals("declared")) {
                throw new SoldOut("later", "sku-2", 7);
            }
            notes.add("started " + name);
            CallContext context = CallContext.current();
            context.onCancel(() -> notes.add("cancelled " + name));
            context.onCallerGone(() -> notes.add("gone " + name));
            return later;
        }

        @Override
        public String timed(String name) {
            return block(name);
        }

        @Override
        public String quick(String how) {
            if (how.equals("fail")) {
                throw new IllegalStateException("secret");
            }
            return Thread.currentThread().getName();
        }

        @Override
        public String again(String name) {
            executions.incrementAndGet();
            notes.add("started " + name);
            return name.equals("block") ? block(name) : node;
        }
    }

    Bus bus(String name) {
        return bus(name, Duration.ofSeconds(5));
    }

    Bus bus(String name, Duration drainTimeout) {
        return opened(Bus.builder(connect())
                .name(name)
                .prefix(prefix)
                .drainTimeout(drainTimeout)
                .build());
    }

    @CanIgnoreReturnValue
    <C extends AutoCloseable> C opened(C closeable) {
        open.add(closeable);
        return closeable;
    }

    Bus serving(String name) {
        return serving(name, ServiceOptions.defaults());
    }

    Bus serving(String name, ServiceOptions options) {
        return serving(bus(name), name, options);
    }

    Bus serving(Bus bus, String name, ServiceOptions options) {
        RpcServer.on(bus)
                .serve(Cases.class, new Everything(name), options)
                .ready()
                .join();
        return bus;
    }

    static CallOptions within(long millis) {
        return CallOptions.defaults().withTimeout(Duration.ofMillis(millis));
    }

    @AfterEach
    void closeAll() throws Exception {
        release.countDown();
        later.complete("at last");
        for (int i = open.size() - 1; i >= 0; i--) {
            open.get(i).close();
        }
    }
}
