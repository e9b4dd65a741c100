package dev.omnibus.spring;

import dev.omnibus.bus.Bus;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** An application that is processed ahead of time, and then run in a process of its own. */
@Configuration(proxyBeanMethods = false)
@ImportAutoConfiguration(OmnibusAutoConfiguration.class)
@ImportRpcClients(AotApplication.Stock.class)
public class AotApplication {

    record Order(String id, List<Line> lines) {}

    record Line(String sku) {}

    record Shipped(String id, int left) {}

    static class SoldOut extends Exception {
        SoldOut(String message) {
            super(message);
        }
    }

    interface Stock {
        CompletionStage<Level> left(Line line) throws SoldOut;
    }

    record Level(int left) {}

    @Bean
    @RpcService
    Stock warehouse() {
        return line -> CompletableFuture.completedFuture(new Level(12));
    }

    static class Desk {
        final CompletableFuture<Shipped> shipped = new CompletableFuture<>();
        private final Stock stock;

        Desk(@Remote Stock stock) {
            this.stock = stock;
        }

        @TopicListener("orders.placed")
        @PublishTo("orders.shipped")
        Shipped ship(Order order) throws Exception {
            Level level = stock.left(order.lines().get(0)).toCompletableFuture().get();
            return new Shipped(order.id(), level.left());
        }

        @TopicListener("orders.shipped")
        void note(Shipped order) {
            shipped.complete(order);
        }
    }

    @Bean
    Desk desk(@Remote Stock stock) {
        return new Desk(stock);
    }

    /**
     * Ships one order, and ends.
     *
     * @param arguments of Spring
     * @throws Exception if it is not shipped
     */
    public static void main(String[] arguments) throws Exception {
        try (ConfigurableApplicationContext context = new SpringApplicationBuilder(AotApplication.class)
                .web(WebApplicationType.NONE)
                .run(arguments)) {
            context.getBean(Bus.class).publish("orders.placed", new Order("o-17", List.of(new Line("sku-1"))));
            Shipped shipped = context.getBean(Desk.class).shipped.get(20, TimeUnit.SECONDS);
            System.out.println("shipped " + shipped.id() + ", " + shipped.left() + " left");
        }
    }
}
