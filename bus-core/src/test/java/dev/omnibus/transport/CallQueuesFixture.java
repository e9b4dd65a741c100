package dev.omnibus.transport;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;

import dev.omnibus.testing.RedisServer;
import dev.omnibus.transport.CallQueues.Answer;
import dev.omnibus.transport.CallQueues.Call;
import dev.omnibus.transport.CallQueues.Enqueued;
import dev.omnibus.transport.CallQueues.Found;
import dev.omnibus.transport.CallQueues.Renewed;
import dev.omnibus.transport.CallQueues.Server;
import dev.omnibus.transport.CallQueues.Taken;
import dev.omnibus.transport.CallQueues.Turn;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;

/** What contracts of queues of calls need: a queue of its own for each test, and nodes that take from it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class CallQueuesFixture {

    static final Duration LEASE = Duration.ofSeconds(60);
    static final Duration HOUR = Duration.ofHours(1);

    Transport transport; // one for all: connecting takes longer than most of the tests
    CallQueues queues;
    QueueKeys keys; // of each test its own
    Server a;
    Server b;

    abstract Transport connect();

    @BeforeAll
    void openQueues() {
        transport = connect();
        queues = transport.callQueues();
    }

    @BeforeEach
    void takeAnotherQueue() {
        String method = "stock.restock-" + UUID.randomUUID();
        keys = new QueueKeys("test:queue:{" + method + "}", "test:queue:" + method, "test:inbox:");
        a = new Server(keys, "a");
        b = new Server(keys, "b");
    }

    @AfterAll
    void closeQueues() {
        queues.close();
        queues.close();
        transport.close();
    }

    /** Another server takes over, or the same one was started again. */
    abstract void takeOver();

    static void takeOver(RedisServer redis, QueueKeys keys) {
        redis.command("HSET", keys.server(), "history", "of the one before");
    }

    /** Nobody reaches the server for so long. */
    abstract void standStill(Duration time);

    static void standStill(RedisServer redis, Duration time) {
        redis.pause();
        await().pollDelay(time).until(() -> true); // only its clock goes on
        redis.resume();
    }

    static Call call(String token) {
        return new Call(token, bytes("request " + token), HOUR, Duration.ZERO, HOUR, false, "", 1_000, "caller");
    }

    static Call idempotent(String token) {
        return new Call(token, bytes("request " + token), HOUR, Duration.ZERO, HOUR, true, "", 1_000, "caller");
    }

    static Call expiring(String token, Duration expiry) {
        return new Call(token, bytes("request"), expiry, Duration.ZERO, HOUR, false, "", 1_000, "caller");
    }

    static byte[] bytes(String text) {
        return text.getBytes(UTF_8);
    }

    List<Enqueued> enqueue(Call... calls) {
        return queues.enqueue(keys, List.of(calls)).join();
    }

    Renewed renew(Server server) {
        return queues.renew(server, LEASE).join();
    }

    List<Taken> take(Server server, int count) {
        return queues.turn(server, List.of(), count, true).join().calls();
    }

    /**
     * Has {@code a} take a call that expires in a moment, and in a longer one where this machine was too slow for it.
     */
    Taken takenBeforeItExpires(Function<Duration, Call> expiringIn) {
        for (Duration moment = Duration.ofMillis(50); ; moment = moment.multipliedBy(2)) {
            enqueue(expiringIn.apply(moment));
            List<Taken> taken = take(a, 1);
            if (!taken.isEmpty()) {
                return taken.get(0);
            }
        }
    }

    Turn finish(Server server, Taken call, String response) {
        Answer answer = new Answer(call.entry(), call.token(), bytes(response));
        return queues.turn(server, List.of(answer), 0, true).join();
    }

    /** The same as the death of the process, as far as the server can see. */
    void die(Server server) {
        queues.renew(server, Duration.ofMillis(1)).join();
        await().pollInterval(Duration.ofMillis(2)).until(() -> {
            renew(b);
            return queues.renew(server, Duration.ofMillis(1)).join().wasGone();
        });
    }

    static List<String> tokens(List<Taken> calls) {
        return calls.stream().map(Taken::token).toList();
    }

    Found find(String token) {
        return queues.find(keys, List.of(token), "asker").join().get(0);
    }

    /** The answer, or nothing. */
    String answer(String token) {
        byte[] response = find(token).response();
        return response == null ? "" : new String(response, UTF_8);
    }

    String ending(String token, String node, int code, String message) {
        String id = keys.notices().substring("test:queue:".length()) + ":" + token;
        return "{\"jsonrpc\":\"2.0\",\"id\":\"" + id + "\",\"meta\":{\"from\":\"" + node + "\"},\"error\":{\"code\":"
                + code + ",\"message\":\"" + message + "\"}}";
    }
}
