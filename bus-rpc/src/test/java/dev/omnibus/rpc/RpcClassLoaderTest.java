package dev.omnibus.rpc;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.type.TypeReference;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Topic;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** A program that is loaded, serves and calls, closes its buses and is unloaded leaves nothing behind. */
public class RpcClassLoaderTest {

    private static final int PROGRAMS = 5;

    /** Loads the classes of {@link Plugin} a second time. */
    private static final class Child extends ClassLoader {

        Child() {
            super(RpcClassLoaderTest.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (!name.startsWith(RpcClassLoaderTest.class.getName())) { // with what they are declared in
                return super.loadClass(name, resolve);
            }
            Class<?> loaded = findLoadedClass(name);
            if (loaded != null) {
                return loaded;
            }
            try (InputStream in = getResourceAsStream(name.replace('.', '/') + ".class")) {
                byte[] bytes = in == null ? new byte[0] : in.readAllBytes();
                return defineClass(name, bytes, 0, bytes.length);
            } catch (IOException e) {
                throw new ClassNotFoundException(name, e);
            }
        }
    }

    /** What is loaded and unloaded. */
    public static final class Plugin implements Runnable {

        @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
        @JsonSubTypes(@JsonSubTypes.Type(Circle.class))
        interface Shape {}

        record Circle(double radius) implements Shape {}

        record Order(String id, Optional<Shape> shape) {}

        static final class Refusing extends Exception {

            private static final long serialVersionUID = 1;
            private final transient Order order;

            Refusing(String message, Order order) {
                super(message);
                this.order = order;
            }

            Order order() {
                return order;
            }
        }

        interface Shop {
            List<Order> orders(Order first) throws Refusing;

            CompletionStage<Order> later(Shape shape);
        }

        static final class Served implements Shop {

            @Override
            public List<Order> orders(Order first) throws Refusing {
                if (first.shape().isEmpty()) {
                    throw new Refusing("no shape", first);
                }
                return List.of(first);
            }

            @Override
            public CompletionStage<Order> later(Shape shape) {
                return CompletableFuture.completedFuture(new Order("a", Optional.of(shape)));
            }
        }

        /** Called by reflection. */
        public Plugin() {}

        @Override
        public void run() {
            InMemoryNetwork network = new InMemoryNetwork();
            try (Bus server = Bus.builder(network.open()).build();
                    Bus caller = Bus.builder(network.open()).build()) {
                RpcServer.on(server).serve(Shop.class, new Served()).ready().get(10, SECONDS);
                RpcServer.on(server)
                        .serve("shop2.put", Order.class, order -> order)
                        .ready()
                        .get(10, SECONDS);
                use(caller, server);
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }

        private void use(Bus caller, Bus server) throws Exception {
            RpcClient client = RpcClient.on(caller);
            Order order = new Order("a", Optional.of(new Circle(1)));
            Shop shop = client.proxy(Shop.class);
            // not by equals: of the first records that are compared, the JDK remembers the class
            require(shop.orders(order).get(0).id().equals("a"));
            require(shop.later(new Circle(1))
                    .toCompletableFuture()
                    .get(10, SECONDS)
                    .id()
                    .equals("a"));
            try {
                shop.orders(new Order("b", Optional.empty()));
                require(false);
            } catch (Refusing e) {
                require(e.order().id().equals("b"));
            }
            require(client.broadcast(Shop.class, one -> one.orders(order)).ask().isComplete());
            require(client.call("shop2.put", Order.class, NamedParams.of(Map.of("id", "a")))
                    .get(10, SECONDS)
                    .id()
                    .equals("a"));
            Discovery.of(caller).get(10, SECONDS);
            Topic<List<Shape>> topic = Topic.of("shapes", new TypeReference<>() {});
            CompletableFuture<List<Shape>> seen = new CompletableFuture<>();
            server.subscribe(topic, event -> seen.complete(event.data()))
                    .ready()
                    .get(10, SECONDS);
            caller.publish(topic, List.of(new Circle(1))).get(10, SECONDS);
            require(seen.get(10, SECONDS).size() == 1);
        }

        private static void require(boolean right) {
            if (!right) {
                throw new IllegalStateException("it does not work");
            }
        }
    }

    private static WeakReference<ClassLoader> used() throws Exception {
        Child child = new Child();
        Class<?> plugin = child.loadClass(Plugin.class.getName());
        ((Runnable) plugin.getConstructor().newInstance()).run();
        return new WeakReference<>(child);
    }

    @Test
    void itsClassesAreUnloadedAfterItsBusesWereClosed() throws Exception {
        List<WeakReference<ClassLoader>> loaders = new ArrayList<>();
        for (int i = 0; i < PROGRAMS; i++) {
            loaders.add(used());
        }
        await().atMost(20, SECONDS).untilAsserted(() -> {
            System.gc();
            long left = loaders.stream().filter(one -> !one.refersTo(null)).count();
            assertEquals(0, left, "class loaders that are still there");
        });
    }
}
