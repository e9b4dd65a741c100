package dev.omnibus.rpc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import dev.omnibus.rpc.RpcException.Reason;
import dev.omnibus.transport.Publication;
import dev.omnibus.transport.Transport;
import dev.omnibus.transport.TransportException;
import dev.omnibus.transport.TransportException.Kind;
import dev.omnibus.transport.memory.InMemoryNetwork;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What becomes of replies that cannot be sent, and who hears of them. */
class LostRepliesTest extends CasesFixture {

    private final InMemoryNetwork network = new InMemoryNetwork();
    private final AtomicReference<@Nullable TransportException> failing = new AtomicReference<>();
    private final AtomicInteger unheard = new AtomicInteger();
    private final List<String> reports = new CopyOnWriteArrayList<>();

    @Override
    Transport connect() {
        return network.open();
    }

    /** A server that can hear all requests, and whose replies fail as the test says. */
    private Bus server() {
        Transport link = new PassingOn(network.open()) {
            @Override
            public void publish(List<Publication> publications) {
                for (Publication publication : publications) {
                    TransportException failure = failing.get();
                    boolean isReply = new String(publication.frame(), UTF_8).contains("\"result\":");
                    if (failure != null && isReply) {
                        publication.outcome().failed(failure);
                    } else if (isReply && unheard.get() > 0) {
                        unheard.decrementAndGet();
                        publication.outcome().published(0, Publication.Outcome.NOT_SEPARATED);
                    } else {
                        super.publish(List.of(publication));
                    }
                }
            }
        };
        Bus bus = opened(Bus.builder(link)
                .name("server")
                .prefix(prefix)
                .listener(new BusListener() {
                    @Override
                    public void onUnsent(String channel, String problem) {
                        reports.add(channel.substring(prefix.length()) + ": "
                                + problem.replaceAll("caller-\\w+", "caller"));
                    }
                })
                .build());
        RpcServer.on(bus).intercept(new ServerInterceptor() {
            @Override
            public void intercept(CallContext call, Next next) {
                next.proceed();
            }

            @Override
            public void replyLost(CallOutcome outcome) {
                notes.add("lost " + outcome.method() + " " + outcome.failure());
            }
        });
        return serving(bus, "a", ServiceOptions.defaults());
    }

    private static TransportException failure(Kind kind, boolean notSent) {
        return new TransportException(kind, notSent, "it broke", null);
    }

    @Test
    void aReplyOfWhichNobodyKnowsIsCountedAndReportedAndInterceptorsHearOfIt() {
        Bus server = server();
        RpcClient client = RpcClient.on(bus("caller"));
        assertEquals(3, client.call("cases.add", Integer.class, 1, 2).join());
        failing.set(failure(Kind.CONNECTION_LOST, false));

        RpcException e = CallFixture.failure(client.call("cases.add", Integer.class, within(500), 1, 2));

        assertEquals(Reason.TIMEOUT, e.reason());
        await().atMost(20, SECONDS).until(() -> reports.size() == 1 && notes.contains("lost cases.add Optional.empty"));
        assertEquals(List.of(":rpc:cases.add: The reply to caller may be lost: it broke"), reports);
        assertEquals(
                new RpcServerStats(2, 0, 0, 0, 0, 1, 0, 0), RpcServer.on(server).stats());
        assertEquals(new RpcClientStats(2, 1, 0, 0, 0, 0), client.stats());
    }

    @Test
    void aReplyThatFindsNoConnectionIsSentWhenThereIsOne() {
        Bus server = server();
        RpcClient client = RpcClient.on(bus("caller"));
        failing.set(failure(Kind.CONNECTION_LOST, true));
        var call = client.call("cases.block", String.class, within(60_000), "x");
        await().atMost(20, SECONDS).until(() -> notes.contains("started x"));
        release.countDown();
        await().atMost(20, SECONDS).until(() -> RpcServer.on(server).stats().served() == 1);

        failing.set(null);

        assertEquals("a", call.orTimeout(20, SECONDS).join());
        assertEquals(0, RpcServer.on(server).stats().repliesLost());
    }

    @Test
    void aReplyThatFindsNoConnectionIsLostWhenItsCallerDoesNotWaitAnyMore() {
        Bus server = server();
        RpcClient client = RpcClient.on(bus("caller"));
        client.runtime().directory().ready().join();
        failing.set(failure(Kind.CONNECTION_LOST, true));

        CallFixture.failure(client.call("cases.add", Integer.class, within(500), 1, 2));

        await().atMost(20, SECONDS).until(() -> RpcServer.on(server).stats().repliesLost() == 1);
        await().atMost(20, SECONDS).until(() -> !reports.isEmpty());
        assertTrue(reports.get(0).endsWith("The reply to caller was not sent: it broke"), reports::toString);
    }

    /** After an interruption a caller may be able to send before it hears again. */
    @Test
    void aReplyThatNobodyReceivedIsSentAgainALittleLater() {
        Bus server = server();
        RpcClient client = RpcClient.on(bus("caller"));
        client.runtime().directory().ready().join();
        unheard.set(3);

        assertEquals(
                3, client.call("cases.add", Integer.class, within(60_000), 1, 2).join());

        assertEquals(0, unheard.get());
        assertEquals(
                new RpcServerStats(1, 0, 0, 0, 0, 0, 0, 0), RpcServer.on(server).stats());
    }

    @Test
    void afterAnInterruptionWhoeverIsNotBackYetIsAwaited() {
        Bus caller = bus("caller");
        RpcClient client = RpcClient.on(caller);
        client.runtime().directory().ready().join();
        client.runtime().pending().interrupted();

        var call = client.call("cases.add", Integer.class, within(60_000), 1, 2);
        var broadcast = client.broadcast("cases.add", Integer.class, 1, 2)
                .with(within(60_000))
                .askAsync();
        server(); // as if its subscriptions stood again only now

        assertEquals(3, call.orTimeout(20, SECONDS).join());
        assertEquals(List.of(3), broadcast.orTimeout(20, SECONDS).join().values());
        RpcException e = CallFixture.failure(client.call("cases.none", Integer.class, within(60_000)));
        assertEquals(Reason.NO_SERVER, e.reason(), "but not for long");
    }

    @Test
    void aReplyForWhichThereIsNoRoomIsLostAtOnce() {
        Bus server = server();
        RpcClient client = RpcClient.on(bus("caller"));
        client.runtime().directory().ready().join();
        failing.set(failure(Kind.OUTBOX_FULL, true));

        CallFixture.failure(client.call("cases.add", Integer.class, within(500), 1, 2));

        await().atMost(20, SECONDS).until(() -> RpcServer.on(server).stats().repliesLost() == 1);
    }

    @Test
    void theNumbersOfAServerSayWhatBecameOfItsCalls() {
        Bus server = server();
        RpcClient client = RpcClient.on(bus("caller"));
        client.call("cases.add", Integer.class, 1, 2).join();
        CallFixture.failure(client.call("cases.add", Integer.class, 1));
        CallFixture.failure(client.call("cases.fail", String.class, "error"));
        var call = client.call("cases.block", String.class, within(60_000), "x");
        await().atMost(20, SECONDS).until(() -> notes.contains("started x"));
        call.cancel(true);

        await().atMost(20, SECONDS)
                .untilAsserted(() -> assertEquals(
                        new RpcServerStats(1, 1, 0, 1, 1, 0, 0, 0),
                        RpcServer.on(server).stats()));
        assertEquals(new RpcClientStats(4, 3, 0, 0, 0, 0), client.stats());
    }
}
