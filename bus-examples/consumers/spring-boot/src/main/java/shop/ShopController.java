package shop;

import dev.omnibus.rpc.Replies;
import dev.omnibus.rpc.RpcClient;
import java.util.Map;
import java.util.Set;
import org.springframework.http.HttpStatus;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.PutMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestHeader;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

@RestController
class ShopController {

    record Everywhere<T>(Map<String, T> nodes, boolean complete) {}

    private final RpcClient client;
    private final Logins logins;
    private final Prices prices;
    private final Warehouse warehouse;

    ShopController(RpcClient client, Logins logins, Prices prices, Warehouse warehouse) {
        this.client = client;
        this.logins = logins;
        this.prices = prices;
        this.warehouse = warehouse;
    }

    /** Asks all nodes. */
    // tag::spring-ask-all
    @GetMapping("/stock/{sku}")
    Everywhere<Integer> stock(@PathVariable String sku) {
        return everywhere(client.broadcast(Stock.class, stock -> stock.left(sku)).ask());
    }
    // end::spring-ask-all

    @PostMapping("/stock/{sku}")
    void restock(@PathVariable String sku, @RequestBody int pieces) {
        warehouse.put(sku, pieces);
    }

    @GetMapping("/sessions")
    Everywhere<Set<String>> sessions() {
        return everywhere(client.broadcast(Sessions.class, Sessions::users).ask());
    }

    private static <T> Everywhere<T> everywhere(Replies<T> replies) {
        return new Everywhere<>(replies.byNode(), replies.isComplete());
    }

    @PostMapping("/login/{user}")
    String logIn(@PathVariable String user) {
        return logins.logIn(user);
    }

    @GetMapping("/hello/{user}")
    String hello(@PathVariable String user, @RequestHeader("token") String token) {
        if (!logins.isLoggedIn(user, token)) {
            throw new ResponseStatusException(HttpStatus.UNAUTHORIZED, "log in again");
        }
        return "hello " + user;
    }

    @GetMapping("/price/{sku}")
    int price(@PathVariable String sku) {
        return prices.of(sku);
    }

    @PutMapping("/price/{sku}")
    void change(@PathVariable String sku, @RequestBody int price) {
        prices.change(sku, price);
    }
}
