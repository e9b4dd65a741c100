package dev.omnibus.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Event;
import dev.omnibus.bus.Overflow;
import dev.omnibus.bus.Topic;
import dev.omnibus.durable.Delivery;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.durable.DurableTopics;
import dev.omnibus.durable.Retention;
import dev.omnibus.spring.internal.OmnibusLifecycle;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.aop.framework.ProxyFactory;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

class TopicListenerTest {

    record OrderPlaced(String id, String customer, int pieces) {}

    record OrderShipped(String id) {}

    private static final OrderPlaced ORDER = new OrderPlaced("o-17", "c-1", 3);

    private final ApplicationContextRunner runner = InMemoryConfiguration.runner();

    /** What listeners have got. */
    static class Received {
        final BlockingQueue<Object> queue = new LinkedBlockingQueue<>();

        Object next() throws InterruptedException {
            Object next = queue.poll(10, TimeUnit.SECONDS);
            assertThat(next).as("what a listener has got within 10 s").isNotNull();
            return next;
        }
    }

    static class Shipping extends Received {
        @TopicListener("orders.placed")
        void ship(OrderPlaced order) {
            queue.add(order);
        }
    }

    @Test
    void aMethodGetsTheDataOfEventsFromOtherNodes() {
        runner.withBean(Shipping.class).run(context -> {
            try (Bus other =
                    Bus.builder(context.getBean(InMemoryNetwork.class).open()).build()) {
                other.publish("orders.placed", ORDER).join();
                assertThat(context.getBean(Shipping.class).next()).isEqualTo(ORDER);
            }
        });
    }

    static class Many extends Received {
        @TopicListener(
                topics = {"${shop.topic}", "orders.eu.*"},
                id = "many")
        void all(Event<Map<String, Object>> event) {
            queue.add(event.topic() + " " + event.data().get("id") + " "
                    + event.headers().get("tenant"));
        }

        @TopicListener("lists")
        void list(List<OrderShipped> shipped) {
            queue.add(shipped.get(0));
        }

        @TopicListener("numbers")
        void number(int number) {
            queue.add(number);
        }
    }

    @Test
    void aMethodGetsEventsWithTheirHeadersOfSeveralTopicsAndPatterns() {
        runner.withPropertyValues("shop.topic=orders.placed, orders.moved")
                .withBean(Many.class)
                .run(context -> {
                    Bus bus = context.getBean(Bus.class);
                    Many many = context.getBean(Many.class);
                    assertThat(context.getBean(TopicListenerRegistry.class).subscriptions("many"))
                            .extracting(each -> each.topic())
                            .containsExactly("orders.placed", "orders.moved", "orders.eu.*");
                    bus.publish("orders.placed", ORDER, Map.of("tenant", "t1"));
                    assertThat(many.next()).isEqualTo("orders.placed o-17 t1");
                    bus.publish("orders.moved", ORDER);
                    assertThat(many.next()).isEqualTo("orders.moved o-17 null");
                    bus.publish("orders.eu.placed", ORDER);
                    assertThat(many.next()).isEqualTo("orders.eu.placed o-17 null");
                });
    }

    @Test
    void aParameterMayBeGenericOrPrimitive() {
        runner.withPropertyValues("shop.topic=orders.placed")
                .withBean(Many.class)
                .run(context -> {
                    Bus bus = context.getBean(Bus.class);
                    bus.publish("lists", List.of(new OrderShipped("o-1")));
                    assertThat(context.getBean(Many.class).next()).isEqualTo(new OrderShipped("o-1"));
                    bus.publish("numbers", 17);
                    assertThat(context.getBean(Many.class).next()).isEqualTo(17);
                });
    }

    static class Answering extends Received {
        @TopicListener("orders.placed")
        @PublishTo("${shop.shipped}")
        @Nullable
        OrderShipped ship(OrderPlaced order) {
            return order.pieces() == 0 ? null : new OrderShipped(order.id());
        }

        @TopicListener("orders.later")
        @PublishTo("orders.shipped")
        CompletionStage<OrderShipped> later(OrderPlaced order) {
            return CompletableFuture.supplyAsync(() -> new OrderShipped("later " + order.id()));
        }

        @TopicListener("orders.shipped")
        void shipped(OrderShipped shipped) {
            queue.add(shipped);
        }
    }

    @Test
    void whatAMethodReturnsIsPublishedUnlessItIsNull() {
        runner.withPropertyValues("shop.shipped=orders.shipped")
                .withBean(Answering.class)
                .run(context -> {
                    Bus bus = context.getBean(Bus.class);
                    Answering answering = context.getBean(Answering.class);
                    bus.publish("orders.placed", new OrderPlaced("none", "c-1", 0));
                    bus.publish("orders.placed", ORDER);
                    assertThat(answering.next()).isEqualTo(new OrderShipped("o-17"));
                    bus.publish("orders.later", ORDER);
                    assertThat(answering.next()).isEqualTo(new OrderShipped("later o-17"));
                });
    }

    static class Failing extends Received {
        int attempts;

        @TopicListener(topics = "orders.placed", retries = "${shop.retries}", retryDelay = "1ms")
        void ship(OrderPlaced order) {
            attempts++;
            if (attempts < 3) {
                throw new IllegalStateException("not yet");
            }
            queue.add(attempts);
        }
    }

    @Test
    void aFailureIsRetriedAsTheAnnotationSays() {
        runner.withPropertyValues("shop.retries=2").withBean(Failing.class).run(context -> {
            context.getBean(Bus.class).publish("orders.placed", ORDER);
            assertThat(context.getBean(Failing.class).next()).isEqualTo(3);
        });
    }

    @Test
    void whatTheAnnotationDoesNotSayIsAsThePropertiesSay() {
        runner.withPropertyValues("omnibus.listener.concurrency=2")
                .withBean(Blocking.class)
                .run(context -> {
                    Bus bus = context.getBean(Bus.class);
                    bus.publish("orders.placed", ORDER);
                    bus.publish("orders.placed", ORDER);
                    assertThat(context.getBean(Blocking.class).both.await(10, TimeUnit.SECONDS))
                            .isTrue();
                });
    }

    static class Blocking {
        final CountDownLatch both = new CountDownLatch(2);

        @TopicListener("orders.placed")
        void ship(OrderPlaced order) throws InterruptedException {
            both.countDown();
            both.await();
        }
    }

    static class Keyed extends Received {
        final CountDownLatch other = new CountDownLatch(1);

        @TopicListener(topics = "orders.placed", concurrency = "4", key = "data.customer", overflow = Overflow.CLOSE)
        void ship(OrderPlaced order) throws InterruptedException {
            if (order.id().equals("first")) {
                other.await();
            } else if (order.customer().equals("c-2")) {
                other.countDown();
            }
            queue.add(order.id());
        }
    }

    @Test
    void eventsOfOneKeyAreHandledInOrderWhileOthersOvertakeThem() {
        runner.withBean(Keyed.class).run(context -> {
            Bus bus = context.getBean(Bus.class);
            Keyed keyed = context.getBean(Keyed.class);
            bus.publish("orders.placed", new OrderPlaced("first", "c-1", 1));
            bus.publish("orders.placed", new OrderPlaced("second", "c-1", 1));
            bus.publish("orders.placed", new OrderPlaced("other", "c-2", 1));
            List<Object> order = List.of(keyed.next(), keyed.next(), keyed.next());
            assertThat(order.indexOf("first")).isLessThan(order.indexOf("second"));
            assertThat(context.getBean(Bus.class).stats().handlerFailures()).isZero(); // as if the key had failed
        });
    }

    interface Shipper {
        @TopicListener("orders.placed")
        void ship(OrderPlaced order);
    }

    static class ProxiedShipper extends Received implements Shipper {
        @Override
        public void ship(OrderPlaced order) {
            queue.add(order);
        }
    }

    /** Puts a proxy around it, as transactions do. */
    @Configuration(proxyBeanMethods = false)
    static class Proxies {

        static int calls;

        @Bean
        static BeanPostProcessor proxies() {
            return new BeanPostProcessor() {
                @Override
                public Object postProcessAfterInitialization(Object bean, String name) {
                    if (!(bean instanceof Received)) {
                        return bean;
                    }
                    ProxyFactory factory = new ProxyFactory(bean);
                    factory.setProxyTargetClass(!(bean instanceof Shipper));
                    factory.addAdvice((org.aopalliance.intercept.MethodInterceptor) invocation -> {
                        calls++;
                        return invocation.proceed();
                    });
                    return factory.getProxy();
                }
            };
        }
    }

    @Test
    void aMethodIsFoundBehindAProxyAndCalledThroughIt() {
        Proxies.calls = 0;
        ProxiedShipper target = new ProxiedShipper();
        runner.withUserConfiguration(Proxies.class)
                .withBean(Shipper.class, () -> target)
                .run(context -> {
                    context.getBean(Bus.class).publish("orders.placed", ORDER);
                    assertThat(target.next()).isEqualTo(ORDER);
                    assertThat(Proxies.calls).isEqualTo(1);
                });
    }

    @Test
    void aMethodOfAClassIsFoundBehindAProxyOfTheClass() {
        Shipping target = new Shipping();
        Proxies.calls = 0;
        runner.withUserConfiguration(Proxies.class)
                .withBean(Shipping.class, () -> target)
                .run(context -> {
                    context.getBean(Bus.class).publish("orders.placed", ORDER);
                    assertThat(target.next()).isEqualTo(ORDER);
                    assertThat(Proxies.calls).isEqualTo(1);
                });
    }

    @Test
    void aListenerCanBeStoppedAndStartedByItsId() {
        runner.withBean(Shipping.class).run(context -> {
            TopicListenerRegistry registry = context.getBean(TopicListenerRegistry.class);
            Bus bus = context.getBean(Bus.class);
            String id = registry.ids().iterator().next();
            assertThat(id).endsWith("hipping.ship");
            registry.stop(id).join();
            assertThat(registry.subscriptions(id)).isEmpty();
            assertThat(bus.publish("orders.placed", ORDER).join()).isZero();
            registry.start(id).join();
            bus.publish("orders.placed", new OrderPlaced("o-18", "c-1", 1)).join();
            assertThat(context.getBean(Shipping.class).next()).isEqualTo(new OrderPlaced("o-18", "c-1", 1));
        });
    }

    @Test
    void listenersThatDoNotStartWithTheApplicationWait() {
        runner.withPropertyValues("omnibus.listener.auto-startup=false")
                .withBean(Shipping.class)
                .run(context -> {
                    TopicListenerRegistry registry = context.getBean(TopicListenerRegistry.class);
                    String id = registry.ids().iterator().next();
                    assertThat(registry.subscriptions(id)).isEmpty();
                    registry.start(id).join();
                    assertThat(registry.subscriptions(id)).hasSize(1);
                });
    }

    @Test
    void listenersStopAndStartWithTheLifecycle() {
        runner.withBean(Shipping.class).run(context -> {
            OmnibusLifecycle lifecycle = context.getBean(OmnibusLifecycle.class);
            Bus bus = context.getBean(Bus.class);
            CompletableFuture<Void> stopped = new CompletableFuture<>();
            lifecycle.stop(() -> stopped.complete(null));
            stopped.get(10, TimeUnit.SECONDS);
            assertThat(lifecycle.isRunning()).isFalse();
            assertThat(bus.publish("orders.placed", ORDER).join()).isZero();
            lifecycle.start();
            assertThat(bus.publish("orders.placed", ORDER).join()).isOne();
        });
    }

    @Configuration(proxyBeanMethods = false)
    static class Orders {
        @Bean
        DurableTopic<OrderPlaced> orders(DurableTopics topics) {
            return topics.topic(Topic.of("orders.log", OrderPlaced.class), Retention.forDays(7));
        }

        @Bean
        DurableTopic<OrderShipped> shipped(DurableTopics topics) {
            return topics.topic(Topic.of("shipped.log", OrderShipped.class), Retention.forDays(7));
        }
    }

    static class Billing extends Received {
        @TopicListener(topics = "orders.log", group = "billing", retryDelay = "1ms")
        @PublishTo("shipped.log")
        OrderShipped bill(Event<OrderPlaced> order, Delivery delivery) {
            queue.add(order.data().id() + " " + delivery.group() + " " + delivery.starts());
            if (delivery.starts() == 1) {
                throw new IllegalStateException("not yet");
            }
            return new OrderShipped(order.data().id());
        }

        @TopicListener(topics = "shipped.log", group = "archive")
        CompletionStage<Void> archive(OrderShipped shipped) {
            return CompletableFuture.runAsync(() -> queue.add(shipped));
        }
    }

    @Test
    void aMethodWithAGroupConsumesADurableTopic() {
        runner.withUserConfiguration(Orders.class).withBean(Billing.class).run(context -> {
            DurableTopic<?> shipped = context.getBean("shipped", DurableTopic.class);
            context.getBean(Orders.class);
            @SuppressWarnings("unchecked")
            DurableTopic<OrderPlaced> orders = context.getBean("orders", DurableTopic.class);
            Billing billing = context.getBean(Billing.class);
            orders.publish(ORDER).join();
            assertThat(billing.next()).isEqualTo("o-17 billing 1");
            assertThat(billing.next()).isEqualTo("o-17 billing 2");
            assertThat(billing.next()).isEqualTo(new OrderShipped("o-17"));
            await().until(() -> shipped.status().join().groups().stream().allMatch(group -> group.pending() == 0));
        });
    }

    static class NoTopic {
        @TopicListener
        void none(OrderPlaced order) {}
    }

    static class BadTopic {
        @TopicListener("orders placed")
        void bad(OrderPlaced order) {}
    }

    static class TwoParameters {
        @TopicListener("orders.placed")
        void two(OrderPlaced order, String other) {}
    }

    static class LostResult {
        @TopicListener("orders.placed")
        String lost(OrderPlaced order) {
            return order.id();
        }
    }

    static class NoResult {
        @TopicListener("orders.placed")
        @PublishTo("orders.shipped")
        void none(OrderPlaced order) {}
    }

    static class BadNumber {
        @TopicListener(topics = "orders.placed", concurrency = "many")
        void bad(OrderPlaced order) {}
    }

    static class BadKey {
        @TopicListener(topics = "orders.placed", key = "data.(")
        void bad(OrderPlaced order) {}
    }

    static class NoDurableTopic {
        @TopicListener(topics = "orders.placed", group = "billing")
        void bill(OrderPlaced order) {}
    }

    static class OtherType {
        @TopicListener(topics = "orders.log", group = "billing")
        void bill(OrderShipped order) {}
    }

    static class SameId {
        @TopicListener(topics = "orders.placed", id = "one")
        void first(OrderPlaced order) {}

        @TopicListener(topics = "orders.placed", id = "one")
        void second(OrderPlaced order) {}
    }

    static class Unsafe {
        @TopicListener("orders.placed")
        void any(Runnable order) {}
    }

    @Test
    void aListenerThatCannotWorkKeepsTheApplicationFromStartingAndSaysWhy() {
        assertFails(NoTopic.class, "none cannot listen: it names no topic");
        assertFails(BadTopic.class, "\"orders placed\"");
        assertFails(TwoParameters.class, "it must have one parameter");
        assertFails(LostResult.class, "annotate it with @PublishTo");
        assertFails(NoResult.class, "returns nothing");
        assertFails(BadNumber.class, "concurrency is \"many\"; it must be a number");
        assertFails(BadKey.class, "its key \"data.(\" is no expression");
        assertFails(NoDurableTopic.class, "needs a bean of type DurableTopic whose name is \"orders.placed\"");
        assertFails(OtherType.class, "has another type");
        assertFails(SameId.class, "there is another one with the id \"one\"");
        assertFails(Unsafe.class, "Runnable");
    }

    private void assertFails(Class<?> listener, String reason) {
        runner.withUserConfiguration(Orders.class).withBean(listener).run(context -> {
            FailureAnalysis analysis = Failures.analysisOf(context.getStartupFailure());
            assertThat(analysis.getDescription())
                    .startsWith("The @TopicListener ")
                    .contains(reason);
            assertThat(analysis.getAction()).isNotEmpty();
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"false", "true"})
    void oneListenerCanSayForItselfWhetherItStarts(String starts) {
        runner.withPropertyValues("shop.starts=" + starts)
                .withBean(Own.class)
                .run(context -> assertThat(
                                context.getBean(TopicListenerRegistry.class).subscriptions("own"))
                        .hasSize(starts.equals("true") ? 1 : 0));
    }

    static class Own {
        @TopicListener(topics = "orders.placed", id = "own", autoStartup = "${shop.starts}")
        void own(OrderPlaced order) {}
    }
}
