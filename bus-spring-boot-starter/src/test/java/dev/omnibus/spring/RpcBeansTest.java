package dev.omnibus.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.MethodHandler;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.ServiceName;
import dev.omnibus.spring.internal.OmnibusLifecycle;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.springframework.aop.framework.ProxyFactory;
import org.springframework.beans.factory.InitializingBean;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

class RpcBeansTest {

    interface Stock {
        int left(String sku);
    }

    @ServiceName("price-list")
    interface Prices {
        int of(String sku);
    }

    private final ApplicationContextRunner runner = InMemoryConfiguration.runner();

    private static Bus other(ApplicationContext context) {
        return Bus.builder(context.getBean(InMemoryNetwork.class).open())
                .name("other")
                .build();
    }

    @RpcService(concurrency = "${shop.concurrency:2}")
    static class Warehouse implements Stock, Prices, InitializingBean, java.io.Serializable {
        @Override
        public int left(String sku) {
            return 12;
        }

        @Override
        public int of(String sku) {
            return 99;
        }

        @Override
        public void afterPropertiesSet() {}
    }

    @Test
    void aServiceServesEveryContractThatItImplements() {
        runner.withBean(Warehouse.class).run(context -> {
            try (Bus other = other(context)) {
                RpcClient client = RpcClient.on(other);
                assertThat(client.proxy(Stock.class).left("sku-1")).isEqualTo(12);
                assertThat(client.proxy(Prices.class).of("sku-1")).isEqualTo(99);
            }
        });
    }

    @RpcService(contracts = Prices.class)
    static class OnlyPrices extends Warehouse {}

    @Test
    void aServiceCanChooseAmongItsContracts() {
        runner.withBean(OnlyPrices.class).run(context -> {
            try (Bus other = other(context)) {
                RpcClient client = RpcClient.on(other);
                assertThat(client.proxy(Prices.class).of("sku-1")).isEqualTo(99);
                assertThatThrownBy(() -> client.proxy(Stock.class).left("sku-1"))
                        .isInstanceOf(RpcException.class)
                        .hasMessageContaining("no node serves it");
            }
        });
    }

    @Configuration(proxyBeanMethods = false)
    static class ByMethod {
        @Bean
        @RpcService(queue = "0")
        Stock stock() {
            ProxyFactory proxy = new ProxyFactory((Stock) sku -> 7);
            return (Stock) proxy.getProxy();
        }
    }

    @Test
    void aBeanMethodCanServeWhatItGivesAndThatMayBeAProxy() {
        runner.withUserConfiguration(ByMethod.class).run(context -> {
            try (Bus other = other(context)) {
                assertThat(RpcClient.on(other).proxy(Stock.class).left("sku-1")).isEqualTo(7);
            }
        });
    }

    @Configuration(proxyBeanMethods = false)
    @ImportRpcClients(Stock.class)
    static class Clients {}

    record Shop(Stock stock) {}

    record RemoteShop(Stock local, @Remote Stock remote) {}

    @Test
    void aConstructorGetsAProxyOfAnotherNode() {
        runner.withUserConfiguration(Clients.class).withBean(Shop.class).run(context -> {
            try (Bus other = other(context)) {
                RpcServer.on(other).serve(Stock.class, sku -> 5).ready().join();
                assertThat(context.getBean(Shop.class).stock().left("sku-1")).isEqualTo(5);
            }
        });
    }

    @Test
    void aBeanOfTheApplicationTakesThePlaceOfTheProxyUnlessThatIsAskedFor() {
        runner.withUserConfiguration(Clients.class)
                .withBean("stock", Stock.class, () -> sku -> 1)
                .withBean(RemoteShop.class)
                .run(context -> {
                    try (Bus other = other(context)) {
                        RpcServer.on(other).serve(Stock.class, sku -> 5).ready().join();
                        RemoteShop shop = context.getBean(RemoteShop.class);
                        assertThat(shop.local().left("sku-1")).isEqualTo(1);
                        assertThat(shop.remote().left("sku-1")).isEqualTo(5);
                    }
                });
    }

    @Configuration(proxyBeanMethods = false)
    @ImportRpcClients(basePackageClasses = RpcBeansTest.class)
    static class Scanned {}

    @Test
    void aPackageIsScannedForInterfacesThatNameTheirService() {
        runner.withUserConfiguration(Scanned.class, Clients.class).run(context -> {
            assertThat(context).hasSingleBean(Prices.class);
            assertThat(context).hasSingleBean(Stock.class); // by the other annotation
        });
    }

    @Test
    void theOptionsOfAServicesCallsAreProperties() {
        runner.withUserConfiguration(Clients.class)
                .withPropertyValues("omnibus.clients.stock.timeout=50ms")
                .run(context -> {
                    CountDownLatch asked = new CountDownLatch(1);
                    CountDownLatch done = new CountDownLatch(1);
                    try (Bus other = other(context)) {
                        Stock slow = sku -> {
                            asked.countDown();
                            await(done);
                            return 1;
                        };
                        RpcServer.on(other).serve(Stock.class, slow).ready().join();
                        assertThatThrownBy(() -> context.getBean(Stock.class).left("sku-1"))
                                .isInstanceOfSatisfying(
                                        RpcException.class,
                                        e -> assertThat(e.reason()).isEqualTo(RpcException.Reason.TIMEOUT));
                        done.countDown();
                    }
                });
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    static class SlowStock implements Stock {
        final CountDownLatch begun = new CountDownLatch(1);
        final CountDownLatch goOn = new CountDownLatch(1);

        @Override
        public int left(String sku) {
            begun.countDown();
            await(goOn);
            return 3;
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Slow {
        @Bean
        @RpcService
        SlowStock stock() {
            return new SlowStock();
        }
    }

    @Test
    void callsThatRunAreFinishedWhenTheApplicationStopsAndItMayBeStartedAgain() {
        runner.withUserConfiguration(Slow.class).run(context -> {
            try (Bus other = other(context)) {
                SlowStock slow = context.getBean(SlowStock.class);
                CompletableFuture<Integer> call = RpcClient.on(other).call("stock.left", Integer.class, "sku-1");
                await(slow.begun);
                CompletableFuture<Void> stopped = new CompletableFuture<>();
                OmnibusLifecycle lifecycle = context.getBean(OmnibusLifecycle.class);
                lifecycle.stop(() -> stopped.complete(null));
                assertThat(stopped).isNotDone();
                slow.goOn.countDown();
                assertThat(call.get(10, TimeUnit.SECONDS)).isEqualTo(3);
                stopped.get(10, TimeUnit.SECONDS);
                assertThatThrownBy(() -> RpcClient.on(other)
                                .call("stock.left", Integer.class, "sku-1")
                                .join())
                        .hasMessageContaining("no node serves it");
                lifecycle.start();
                assertThat(RpcClient.on(other)
                                .call("stock.left", Integer.class, "sku-1")
                                .join())
                        .isEqualTo(3);
            }
        });
    }

    @Test
    void whatTheApplicationServesByItselfIsFinishedAsWellWhenItEnds() {
        runner.withPropertyValues("omnibus.drain-timeout=0ms")
                .run(
                        context -> { // so the bus does not wait for it
                            CountDownLatch begun = new CountDownLatch(1);
                            CountDownLatch goOn = new CountDownLatch(1);
                            MethodHandler<JsonNode> slow = params -> {
                                begun.countDown();
                                await(goOn);
                                return 3;
                            };
                            context.getBean(RpcServer.class)
                                    .serve("hand.made", slow)
                                    .ready()
                                    .join();
                            try (Bus other = other(context)) {
                                RpcClient client = RpcClient.on(other);
                                CompletableFuture<Integer> call = client.call("hand.made", Integer.class);
                                await(begun);
                                CompletableFuture<Void> closed = CompletableFuture.runAsync(context::close);
                                CallOptions once = CallOptions.defaults().withTimeout(Duration.ofSeconds(1));
                                Awaitility.await()
                                        .untilAsserted(() -> assertThatThrownBy(
                                                        () -> client.call("hand.made", Integer.class, once)
                                                                .join())
                                                .hasMessageContaining("no node serves it"));
                                assertThat(closed).isNotDone();
                                goOn.countDown();
                                assertThat(call.get(10, TimeUnit.SECONDS)).isEqualTo(3);
                                closed.get(10, TimeUnit.SECONDS);
                            }
                        });
    }

    @RpcService
    static class SecondStock implements Stock {
        @Override
        public int left(String sku) {
            return 0;
        }
    }

    @RpcService
    static class NoContract implements java.io.Serializable {}

    @RpcService(contracts = Prices.class)
    static class NotOfThisContract implements Stock {
        @Override
        public int left(String sku) {
            return 0;
        }
    }

    interface Overloaded {
        void add(int number);

        void add(String number);
    }

    @RpcService
    static class OverloadedService implements Overloaded {
        @Override
        public void add(int number) {}

        @Override
        public void add(String number) {}
    }

    @Test
    void aServiceThatCannotBeServedKeepsTheApplicationFromStartingAndSaysWhy() {
        assertFails(runner.withBean(Warehouse.class).withBean(SecondStock.class), "already serves \"stock.left\"");
        assertFails(runner.withBean(NoContract.class), "implements no interface that could be its contract");
        assertFails(runner.withBean(NotOfThisContract.class), "does not implement");
        assertFails(runner.withBean(OverloadedService.class), "two methods named add");
        assertFails(
                runner.withBean(Warehouse.class).withPropertyValues("shop.concurrency=some"),
                "concurrency is \"some\"; it must be a number");
    }

    @Configuration(proxyBeanMethods = false)
    @ImportRpcClients(contracts = {Overloaded.class})
    static class BadClients {}

    @Test
    void aContractThatCannotBeCalledIsExplained() {
        assertFails(runner.withUserConfiguration(BadClients.class), "two methods named add");
    }

    private static void assertFails(ApplicationContextRunner runner, String reason) {
        runner.run(context -> {
            FailureAnalysis analysis = Failures.analysisOf(context.getStartupFailure());
            assertThat(analysis.getDescription()).contains(reason);
            assertThat(analysis.getAction()).isNotEmpty();
        });
    }
}
