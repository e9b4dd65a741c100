package dev.omnibus.bus;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.core.type.TypeReference;
import com.google.common.eventbus.Subscribe;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** A program that is loaded, uses a bus, closes it and is unloaded leaves nothing behind. */
class ClassLoaderTest {

    /** Loads the classes of {@link Plugin} a second time. */
    private static final class Child extends ClassLoader {

        Child() {
            super(ClassLoaderTest.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (!name.startsWith(Plugin.class.getName())) {
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

        record Order(String id, List<Item> items) {}

        record Item(String name, int count) {}

        static final class Refusing extends Exception {
            private static final long serialVersionUID = 1;
        }

        private final CountDownLatch seen = new CountDownLatch(3);

        /** Called by reflection. */
        public Plugin() {}

        @Subscribe
        @OnTopic("orders.*")
        void on(Order order) {
            seen.countDown();
        }

        @Override
        public void run() {
            try (Bus bus = Bus.builder(new InMemoryNetwork().open())
                    .listener(new BusListener() {})
                    .build()) {
                use(bus);
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }

        private void use(Bus bus) throws Exception {
            bus.register(this).get(5, SECONDS);
            Topic<List<Order>> lists = Topic.of("lists", new TypeReference<>() {});
            bus.subscribe("orders.a", Order.class, event -> seen.countDown())
                    .ready()
                    .get(5, SECONDS);
            bus.subscribe(lists, event -> {
                        seen.countDown();
                        throw new Refusing();
                    })
                    .ready()
                    .get(5, SECONDS);
            Order order = new Order("a", List.of(new Item("b", 1)));
            bus.publish("orders.a", order);
            bus.publish(lists, List.of(order), Map.of("a", "b"));
            bus.publish("orders.a", "no order").get(5, SECONDS);
            if (!seen.await(10, SECONDS)) {
                throw new IllegalStateException("not everything has come");
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
    void itsClassesAreUnloadedAfterItsBusWasClosed() throws Exception {
        List<WeakReference<ClassLoader>> loaders = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            loaders.add(used());
        }
        await().atMost(20, SECONDS).until(() -> {
            System.gc();
            return loaders.stream().map(WeakReference::get).allMatch(ClassLoaderTest::isGone);
        });
    }

    private static boolean isGone(@Nullable ClassLoader loader) {
        return loader == null;
    }
}
