package shop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/** Two nodes at one Redis, asked as a browser would. */
@WithRedis
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ShopTest {

    private final HttpClient http = HttpClient.newHttpClient();
    private ConfigurableApplicationContext one;
    private ConfigurableApplicationContext other;

    @BeforeAll
    void start(RedisServer redis) {
        one = node(redis);
        other = node(redis);
    }

    private static ConfigurableApplicationContext node(RedisServer redis) {
        return new SpringApplicationBuilder(ShopApplication.class)
                .properties("omnibus.url=" + redis.url(), "server.port=0")
                .run();
    }

    @AfterAll
    void stop() {
        other.close();
        one.close();
    }

    private HttpResponse<String> send(
            ConfigurableApplicationContext node, String method, String path, String body, String... headers)
            throws Exception {
        String port = node.getEnvironment().getProperty("local.server.port");
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://localhost:" + port + path))
                .header("content-type", "application/json")
                .method(method, BodyPublishers.ofString(body));
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
        }
        return http.send(request.build(), BodyHandlers.ofString());
    }

    private String get(ConfigurableApplicationContext node, String path) throws Exception {
        HttpResponse<String> response = send(node, "GET", path, "");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return response.body();
    }

    @Test
    void aLoginAtOneNodeEndsTheSessionAtTheOther() throws Exception {
        String token = send(one, "POST", "/login/ada", "").body();
        assertThat(send(one, "GET", "/hello/ada", "", "token", token).body()).isEqualTo("hello ada");
        String second = send(other, "POST", "/login/ada", "").body();
        await().until(() -> send(one, "GET", "/hello/ada", "", "token", token).statusCode() == 401);
        assertThat(send(other, "GET", "/hello/ada", "", "token", second).body()).isEqualTo("hello ada");
        assertThat(get(one, "/sessions")).contains("[\"ada\"]", "[]", "\"complete\":true");
    }

    @Test
    void aPriceThatChangesIsForgottenByEveryNode() throws Exception {
        send(one, "PUT", "/price/sku-1", "100");
        assertThat(get(one, "/price/sku-1")).isEqualTo("100");
        assertThat(get(other, "/price/sku-1")).isEqualTo("100");
        send(other, "PUT", "/price/sku-1", "120");
        await().until(() -> get(one, "/price/sku-1").equals("120"));
        assertThat(get(other, "/price/sku-1")).isEqualTo("120");
    }

    @Test
    void allNodesAreAskedForTheirStock() throws Exception {
        send(one, "POST", "/stock/sku-2", "5");
        send(other, "POST", "/stock/sku-2", "7");
        assertThat(get(one, "/stock/sku-2")).contains(":5", ":7", "\"complete\":true");
    }

    @Test
    void theActuatorShowsTheBus() throws Exception {
        assertThat(get(one, "/actuator/health")).contains("\"omnibus\":{\"details\":{\"node\":\"shop-");
        assertThat(get(one, "/actuator/health/readiness")).contains("UP");
        assertThat(get(one, "/actuator/omnibus")).contains("\"services\":[\"sessions\",\"stock\"]");
        get(one, "/stock/sku-3");
        assertThat(get(one, "/actuator/metrics")).contains("rpc.server.call.duration", "omnibus.events.lost");
        assertThat(get(one, "/actuator/prometheus"))
                .contains("rpc_server_call_duration_seconds_count", "omnibus_events_lost_total");
    }
}
