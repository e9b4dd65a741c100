package dev.omnibus.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusState;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.spring.internal.OmnibusHealthIndicator;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.redisson.Redisson;
import org.redisson.api.RedissonClient;
import org.redisson.config.Config;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.health.contributor.Status;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.data.redis.core.StringRedisTemplate;

@WithRedis
class RedisApplicationIT {

    private final RedisServer redis;

    RedisApplicationIT(RedisServer redis) {
        this.redis = redis;
    }

    interface Stock {
        int left(String sku);
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration({OmnibusAutoConfiguration.class, OmnibusActuatorAutoConfiguration.class})
    static class Warehouse {
        final BlockingQueue<String> orders = new LinkedBlockingQueue<>();

        @TopicListener("orders.placed")
        void ship(String order) {
            orders.add(order);
        }

        @Bean
        @RpcService
        Stock stock() {
            return sku -> 12;
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration(OmnibusAutoConfiguration.class)
    @ImportRpcClients(Stock.class)
    static class Shop {}

    private static ConfigurableApplicationContext run(Class<?> application, String... properties) {
        return new SpringApplicationBuilder(application)
                .properties(properties)
                .properties("spring.main.banner-mode=off", "spring.main.register-shutdown-hook=false")
                .web(WebApplicationType.NONE)
                .run();
    }

    @Test
    void twoApplicationsCallEachOtherAndHearEvents() throws Exception {
        String url = "omnibus.url=" + redis.url();
        try (ConfigurableApplicationContext warehouse = run(Warehouse.class, url, "spring.application.name=warehouse");
                ConfigurableApplicationContext shop = run(Shop.class, url, "spring.application.name=shop")) {
            assertThat(shop.getBean(Stock.class).left("sku-1")).isEqualTo(12);
            shop.getBean(Bus.class).publish("orders.placed", "o-17");
            assertThat(warehouse.getBean(Warehouse.class).orders.poll(10, TimeUnit.SECONDS))
                    .isEqualTo("o-17");
            assertThat(warehouse.getBean(Bus.class).node()).startsWith("warehouse-");
        }
    }

    @Test
    void anApplicationDoesNotStartWithoutRedisAndSaysWhatToDo() {
        int port;
        try (RedisServer gone = RedisServer.start()) {
            port = gone.port();
        }
        new ApplicationContextRunner()
                .withUserConfiguration(Warehouse.class)
                .withPropertyValues("omnibus.url=redis://127.0.0.1:" + port)
                .run(context -> {
                    FailureAnalysis analysis = Failures.analysisOf(context.getStartupFailure());
                    assertThat(analysis.getDescription()).startsWith("The bus cannot connect to Redis: ");
                    assertThat(analysis.getAction()).contains("omnibus.url", "omnibus.startup=background");
                });
    }

    @Test
    void aWrongPasswordIsSaidWithoutBeingShown() {
        new ApplicationContextRunner()
                .withUserConfiguration(Warehouse.class)
                .withPropertyValues("omnibus.url=redis://:wr0ng@127.0.0.1:" + redis.port())
                .run(context -> {
                    FailureAnalysis analysis = Failures.analysisOf(context.getStartupFailure());
                    assertThat(analysis.getDescription()).doesNotContain("wr0ng");
                    assertThat(analysis.getAction()).startsWith("Correct the user, the password or the rights");
                });
    }

    @Test
    void anApplicationThatStartsInTheBackgroundServesWhenRedisIsThere() {
        try (RedisServer later = RedisServer.start()) {
            later.kill();
            try (ConfigurableApplicationContext warehouse =
                    run(Warehouse.class, "omnibus.url=" + later.url(), "omnibus.startup=background")) {
                OmnibusHealthIndicator health = warehouse.getBean(OmnibusHealthIndicator.class);
                Bus bus = warehouse.getBean(Bus.class);
                assertThat(bus.state()).isEqualTo(BusState.CONNECTING);
                assertThat(health.health())
                        .isNotNull()
                        .satisfies(now -> assertThat(now.getStatus()).isEqualTo(Status.DOWN));
                assertThatThrownBy(() -> bus.publish("orders.placed", "o-17").join());
                later.restart();
                await().atMost(30, TimeUnit.SECONDS).until(() -> bus.state() == BusState.UP);
                try (Bus other = Bus.connect(later.url())) {
                    await().ignoreExceptions()
                            .until(() -> RpcClient.on(other).proxy(Stock.class).left("sku-1") == 12);
                }
            }
        }
    }

    @Test
    void anApplicationThatStartsInTheBackgroundStopsWithoutRedis() {
        try (RedisServer gone = RedisServer.start()) {
            gone.kill();
            run(Warehouse.class, "omnibus.url=" + gone.url(), "omnibus.startup=background")
                    .close();
        }
    }

    @Test
    void anApplicationStopsWhileRedisIsAway() {
        try (RedisServer gone = RedisServer.start()) {
            ConfigurableApplicationContext warehouse = run(Warehouse.class, "omnibus.url=" + gone.url());
            gone.kill();
            await().until(() -> warehouse.getBean(Bus.class).state() == BusState.DOWN);
            warehouse.close();
        }
    }

    @Test
    void thePropertiesOfSpringDataRedisAreTakenWithItsModuleAndWithout() {
        ApplicationContextRunner runner = new ApplicationContextRunner()
                .withUserConfiguration(Warehouse.class)
                .withPropertyValues(
                        "spring.data.redis.host=127.0.0.1",
                        "spring.data.redis.port=" + redis.port(),
                        "spring.data.redis.password=" + redis.password());
        runner.withConfiguration(AutoConfigurations.of(DataRedisAutoConfiguration.class))
                .run(context -> {
                    assertThat(context.getBean(Bus.class).state()).isEqualTo(BusState.UP);
                    StringRedisTemplate template = context.getBean(StringRedisTemplate.class);
                    template.opsForValue().set("of-the-application", "1"); // its own connection is not touched
                    context.getBean(Bus.class).close();
                    assertThat(template.opsForValue().get("of-the-application")).isEqualTo("1");
                });
        runner.withClassLoader(new FilteredClassLoader("org.springframework.boot.data.redis"))
                .run(context -> assertThat(context.getBean(Bus.class).state()).isEqualTo(BusState.UP));
    }

    @Test
    void aRedissonClientOfTheApplicationIsNotTouched() {
        new ApplicationContextRunner()
                .withUserConfiguration(Warehouse.class)
                .withPropertyValues("omnibus.url=" + redis.url())
                .withBean(
                        RedissonClient.class,
                        () -> {
                            Config config = new Config().setPassword(redis.password());
                            config.useSingleServer().setAddress("redis://127.0.0.1:" + redis.port());
                            return Redisson.create(config);
                        },
                        definition -> definition.setDestroyMethodName("shutdown"))
                .run(context -> {
                    RedissonClient client = context.getBean(RedissonClient.class);
                    RpcServer.on(context.getBean(Bus.class)); // is on a connection of its own
                    context.getBean(Bus.class).close();
                    assertThat(client.isShutdown()).isFalse();
                    client.getBucket("of-redisson").set("1");
                });
    }
}
