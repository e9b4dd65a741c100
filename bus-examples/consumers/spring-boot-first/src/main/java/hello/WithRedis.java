package hello;

import dev.omnibus.bus.Bus;
import dev.omnibus.testing.RedisServer;
import java.util.concurrent.TimeUnit;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;

/** Hello with a Redis of its own, until the event has been heard. */
public final class WithRedis {

    private WithRedis() {}

    public static void main(String[] arguments) throws InterruptedException {
        try (RedisServer redis = RedisServer.obtain();
                ConfigurableApplicationContext hello =
                        SpringApplication.run(Hello.class, "--omnibus.url=" + redis.url())) {
            Bus bus = hello.getBean(Bus.class);
            for (int i = 0; bus.stats().handled() == 0; i++) {
                if (i == 1_000) {
                    throw new IllegalStateException("nothing was heard");
                }
                TimeUnit.MILLISECONDS.sleep(10);
            }
        }
    }
}
