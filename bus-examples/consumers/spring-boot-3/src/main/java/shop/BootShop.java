package shop;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Subscription;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.testing.RedisServer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;

/** An application on Spring Boot 3.5: the bus is a bean of its own. */
@SpringBootApplication
public class BootShop {

    // tag::spring-boot-3
    @Bean
    Bus bus(@Value("${omnibus.url}") String url) {
        return Bus.builder(url).name("shop").build();
    }
    // end::spring-boot-3

    public static void main(String[] arguments) throws Exception {
        try (RedisServer redis = RedisServer.start();
                ConfigurableApplicationContext shop = new SpringApplicationBuilder(BootShop.class)
                        .properties("omnibus.url=" + redis.url())
                        .run(arguments)) {
            Bus bus = shop.getBean(Bus.class);
            CompletableFuture<String> heard = new CompletableFuture<>();
            Subscription subscription = bus.subscribe("names", String.class, event -> heard.complete(event.data()));
            subscription.ready().get(20, TimeUnit.SECONDS);
            bus.publish("names", "Grace");
            RpcServer.on(bus).serve("greeter.greet", String[].class, names -> "Hello, " + names[0]).ready().get(20, TimeUnit.SECONDS);
            System.out.println("heard of " + heard.get(20, TimeUnit.SECONDS));
            System.out.println(RpcClient.on(bus).call("greeter.greet", String.class, "Ada").get(20, TimeUnit.SECONDS));
        }
    }
}
