package dev.omnibus.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.omnibus.bus.Bus;
import dev.omnibus.micrometer.OpenTelemetryObserver;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.Idempotent;
import dev.omnibus.rpc.NonBlocking;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import dev.omnibus.transport.NonBlockingThread;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SpanProcessor;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/**
 * One trace from a web request to the last reply: a shop, whose root spans are those that Spring Boot makes of
 * requests, and a warehouse, each an application with a tracer of its own.
 */
@Tag("slow")
@WithRedis
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HttpTraceIT {

    private static final InMemorySpanExporter SPANS = InMemorySpanExporter.create(); // of both

    interface Stock {
        int reserve(String sku);

        int left(String sku);

        CompletableFuture<Integer> leftLater(String sku);

        @NonBlocking
        boolean isKnown(String sku);
    }

    interface Inventory {
        @Idempotent
        CompletableFuture<Integer> recount(String sku);
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Traced {
        @Bean
        SpanProcessor exported() {
            return SimpleSpanProcessor.create(SPANS);
        }
    }

    @RpcService
    static class Shelves implements Stock, Inventory {

        private final AtomicInteger counts = new AtomicInteger();
        private final Bus bus;

        Shelves(Bus bus) {
            this.bus = bus;
        }

        @Override
        public int reserve(String sku) {
            bus.publish("stock.reserved", sku);
            return 3;
        }

        @Override
        public int left(String sku) {
            return 12;
        }

        @Override
        public CompletableFuture<Integer> leftLater(String sku) {
            return CompletableFuture.supplyAsync(() -> 12);
        }

        @Override
        public boolean isKnown(String sku) {
            return NonBlockingThread.isCurrent();
        }

        /** The first one does not come to an end, at whatever node. */
        @Override
        public CompletableFuture<Integer> recount(String sku) {
            return counts.getAndIncrement() == 0
                    ? new CompletableFuture<>()
                    : CompletableFuture.completedFuture(counts.get());
        }
    }

    @Import({Traced.class, Shelves.class})
    static class Warehouse {}

    @RestController
    static class Orders {

        private final Stock stock;
        private final RpcClient client;

        Orders(Stock stock, RpcClient client) {
            this.stock = stock;
            this.client = client;
        }

        @GetMapping("/order/{sku}")
        int order(@PathVariable String sku) {
            return stock.reserve(sku);
        }

        @TopicListener("stock.reserved")
        void reserved(String sku) {
            stock.left(sku);
        }

        /** Answered by whatever thread completes it. */
        @GetMapping("/left/{sku}")
        CompletableFuture<Integer> left(@PathVariable String sku) {
            return stock.leftLater(sku);
        }

        /** The second call is made on a thread of the bus, which does not know of the request. */
        @GetMapping("/sum/{sku}")
        CompletableFuture<Integer> sum(@PathVariable String sku) {
            Context request = Context.current();
            return stock.leftLater(sku)
                    .thenCompose(
                            request.wrapFunction(left -> stock.leftLater(sku).thenApply(again -> left + again)));
        }

        @GetMapping("/everywhere/{sku}")
        int everywhere(@PathVariable String sku) {
            return client.broadcast(Stock.class, each -> each.left(sku))
                    .ask()
                    .byNode()
                    .size();
        }

        @GetMapping("/known/{sku}")
        boolean known(@PathVariable String sku) {
            return stock.isKnown(sku);
        }

        @GetMapping("/recount/{sku}")
        CompletableFuture<Integer> recount(@PathVariable String sku) {
            CallOptions impatient = CallOptions.defaults().withAttemptTimeout(Duration.ofSeconds(1));
            return client.proxy(Inventory.class, impatient).recount(sku);
        }
    }

    @Import({Traced.class, Orders.class})
    @ImportRpcClients(Stock.class)
    static class Shop {}

    private final HttpClient http = HttpClient.newHttpClient();
    private ConfigurableApplicationContext warehouse;
    private ConfigurableApplicationContext shop;
    private Bus second; // node of the inventory, for the attempt that follows

    @BeforeAll
    void start(RedisServer redis) {
        warehouse = start(Warehouse.class, redis, "warehouse", "spring.main.web-application-type=none");
        second = Bus.builder(redis.url())
                .observer(OpenTelemetryObserver.of(warehouse.getBean(OpenTelemetry.class)))
                .build();
        RpcServer.on(second)
                .serve(Inventory.class, warehouse.getBean(Shelves.class))
                .ready()
                .join();
        shop = start(Shop.class, redis, "shop", "server.port=0");
    }

    private static ConfigurableApplicationContext start(
            Class<?> application, RedisServer redis, String name, String... properties) {
        return new SpringApplicationBuilder(application)
                .properties(properties)
                .properties(
                        "omnibus.url=" + redis.url(),
                        "spring.application.name=" + name,
                        "spring.main.banner-mode=off",
                        "management.tracing.sampling.probability=1.0")
                .run();
    }

    @BeforeEach
    void reset() {
        SPANS.reset();
    }

    @AfterAll
    void stop() {
        shop.close();
        second.close();
        warehouse.close();
    }

    private String get(String path) throws IOException, InterruptedException {
        String port = shop.getEnvironment().getProperty("local.server.port");
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://localhost:" + port + path))
                .build();
        HttpResponse<String> response = http.send(request, BodyHandlers.ofString());
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return response.body();
    }

    /** All spans that there are: one per line, below the one that it is part of. */
    private static String trace() {
        List<SpanData> spans = SPANS.getFinishedSpanItems().stream()
                .sorted(Comparator.comparingLong(SpanData::getStartEpochNanos))
                .toList();
        StringBuilder lines = new StringBuilder();
        spans.stream()
                .filter(span -> !span.getParentSpanContext().isValid())
                .forEach(root -> write(root, spans, 0, lines));
        return lines.toString();
    }

    private static void write(SpanData span, List<SpanData> all, int depth, StringBuilder lines) {
        String name = "  ".repeat(depth) + span.getName();
        String service = span.getResource().getAttribute(AttributeKey.stringKey("service.name"));
        lines.append("%-44s %-9s %s%n".formatted(name, service, span.getKind()));
        all.stream()
                .filter(child -> child.getParentSpanId().equals(span.getSpanId()))
                .forEach(child -> write(child, all, depth + 1, lines));
    }

    private static void awaitTrace(String... lines) {
        await().untilAsserted(() -> assertThat(trace().lines()).containsExactly(lines));
    }

    @Test
    void aTraceGoesFromARequestToACallToAnEventToACallAndItsReplyAsTheDocumentationShowsIt() throws Exception {
        assertThat(get("/order/sku-1")).isEqualTo("3");
        String page = Files.readString(Path.of("../docs/how-to/spring-boot.md"));
        String begin = "<!-- trace -->\n```text\n";
        int from = page.indexOf(begin) + begin.length();
        String shown = page.substring(from, page.indexOf("```", from));
        awaitTrace(shown.lines().toArray(String[]::new));
    }

    @Test
    void aRequestThatIsAnsweredLaterHasItsCallInItsTrace() throws Exception {
        assertThat(get("/left/sku-1")).isEqualTo("12");
        awaitTrace(
                "http get /left/{sku}                         shop      SERVER",
                "  stock.leftLater                            shop      CLIENT",
                "    stock.leftLater                          warehouse SERVER");
    }

    @Test
    void aCallOfACallbackIsInTheTraceIfTheCallbackIsWrapped() throws Exception {
        assertThat(get("/sum/sku-1")).isEqualTo("24");
        awaitTrace(
                "http get /sum/{sku}                          shop      SERVER",
                "  stock.leftLater                            shop      CLIENT",
                "    stock.leftLater                          warehouse SERVER",
                "  stock.leftLater                            shop      CLIENT",
                "    stock.leftLater                          warehouse SERVER");
    }

    @Test
    void whatEveryNodeAnswersIsInTheTrace() throws Exception {
        assertThat(get("/everywhere/sku-1")).isEqualTo("1");
        awaitTrace(
                "http get /everywhere/{sku}                   shop      SERVER",
                "  ask stock.left                             shop      CLIENT",
                "    stock.left                               warehouse SERVER");
    }

    @Test
    void aNonBlockingMethodIsInTheTrace() throws Exception {
        assertThat(get("/known/sku-1")).isEqualTo("true");
        awaitTrace(
                "http get /known/{sku}                        shop      SERVER",
                "  stock.isKnown                              shop      CLIENT",
                "    stock.isKnown                            warehouse SERVER");
    }

    @Test
    void allAttemptsOfACallAreInTheTrace() throws Exception {
        assertThat(get("/recount/sku-1")).isEqualTo("2");
        awaitTrace(
                "http get /recount/{sku}                      shop      SERVER",
                "  inventory.recount                          shop      CLIENT",
                "    inventory.recount                        warehouse SERVER",
                "    inventory.recount                        warehouse SERVER");
        assertThat(SPANS.getFinishedSpanItems())
                .flatExtracting(SpanData::getEvents)
                .extracting(event -> event.getName())
                .containsOnly("retry");
    }
}
