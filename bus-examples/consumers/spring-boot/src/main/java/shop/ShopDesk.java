package shop;

import dev.omnibus.testing.RedisServer;
import org.springframework.boot.builder.SpringApplicationBuilder;

/** Two nodes of the shop and a Redis, in one process to try them: at ports 8081 and 8082, until it is stopped. */
public final class ShopDesk {

    private ShopDesk() {}

    public static void main(String[] arguments) throws InterruptedException {
        RedisServer redis = RedisServer.start();
        for (int port : new int[] {8081, 8082}) {
            new SpringApplicationBuilder(ShopApplication.class)
                    .properties("omnibus.url=" + redis.url(), "server.port=" + port)
                    .run();
        }
        System.out.println("http://localhost:8081 and http://localhost:8082 are there; Ctrl-C ends them");
        Thread.currentThread().join();
    }
}
