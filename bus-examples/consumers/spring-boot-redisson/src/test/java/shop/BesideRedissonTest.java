package shop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusState;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.spring.RpcService;
import dev.omnibus.spring.TopicListener;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.redisson.api.RedissonClient;
import org.redisson.spring.data.connection.RedissonConnectionFactory;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.data.redis.core.StringRedisTemplate;

/** What Redisson's own starter makes stays as it is, and the bus works beside it. */
@WithRedis
class BesideRedissonTest {

    public interface Stock {
        int left(String sku);
    }

    @SpringBootApplication
    static class Shop {

        final BlockingQueue<String> heard = new LinkedBlockingQueue<>();

        @TopicListener("orders.placed")
        void ship(String order) {
            heard.add(order);
        }
    }

    @RpcService
    static class Warehouse implements Stock {
        @Override
        public int left(String sku) {
            return 12;
        }
    }

    private static ConfigurableApplicationContext start(RedisServer redis) {
        return new SpringApplicationBuilder(Shop.class, Warehouse.class)
                .properties(
                        "spring.data.redis.host=127.0.0.1",
                        "spring.data.redis.port=" + redis.port(),
                        "spring.data.redis.password=" + redis.password())
                .run();
    }

    @Test
    void bothWorkAndNeitherEndsTheOther(RedisServer redis) throws Exception {
        try (ConfigurableApplicationContext shop = start(redis)) {
            RedissonClient redisson = shop.getBean(RedissonClient.class); // there is one alone, and it is not ours
            StringRedisTemplate template = shop.getBean(StringRedisTemplate.class);
            Bus bus = shop.getBean(Bus.class);
            assertThat(template.getConnectionFactory()).isInstanceOf(RedissonConnectionFactory.class);

            bus.publish("orders.placed", "o-17");
            assertThat(shop.getBean(Shop.class).heard.poll(20, TimeUnit.SECONDS)).isEqualTo("o-17");
            assertThat(RpcClient.on(bus).call("stock.left", Integer.class, "sku-1").get(20, TimeUnit.SECONDS))
                    .isEqualTo(12);
            used(redisson, template);

            bus.close();
            used(redisson, template);
        }
        try (ConfigurableApplicationContext shop = start(redis)) {
            shop.getBean(RedissonClient.class).shutdown();
            Bus bus = shop.getBean(Bus.class);
            assertThat(bus.state()).isEqualTo(BusState.UP);
            assertThat(bus.publish("orders.placed", "o-18").get(20, TimeUnit.SECONDS)).isPositive();
        }
    }

    /** Also what the bus does not use of Redisson, and has therefore left out. */
    private static void used(RedissonClient redisson, StringRedisTemplate template) {
        redisson.getBucket("of-redisson").set("1");
        assertThat(redisson.reactive().getBucket("of-redisson").get().block()).isEqualTo("1");
        assertThat(redisson.rxJava().getBucket("of-redisson").get().blockingGet()).isEqualTo("1");
        template.opsForValue().set("of-the-template", "2");
        assertThat(template.opsForValue().get("of-the-template")).isEqualTo("2");
    }
}
