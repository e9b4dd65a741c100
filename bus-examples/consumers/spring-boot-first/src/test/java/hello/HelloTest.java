package hello;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.omnibus.bus.Bus;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ConfigurableApplicationContext;

/** Hello twice, as in two terminals. */
@WithRedis
@ExtendWith(OutputCaptureExtension.class)
class HelloTest {

    @Test
    void eachIsGreetedAndBothHearOfTheSecondOne(RedisServer redis, CapturedOutput output) {
        try (ConfigurableApplicationContext first = start(redis)) {
            await().until(() -> handled(first) == 1); // its own
            try (ConfigurableApplicationContext second = start(redis)) {
                await().until(() -> handled(first) == 2 && handled(second) == 1);
            }
        }
        assertThat(output.getOut().lines().filter("Hello, Ada"::equals)).hasSize(2);
        assertThat(output.getOut().lines().filter("heard of Grace"::equals)).hasSize(3);
    }

    private static ConfigurableApplicationContext start(RedisServer redis) {
        return SpringApplication.run(Hello.class, "--omnibus.url=" + redis.url());
    }

    private static long handled(ConfigurableApplicationContext application) {
        return application.getBean(Bus.class).stats().handled();
    }
}
