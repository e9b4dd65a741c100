package dev.omnibus.bench.peer;

import dev.omnibus.bench.server.Addresses;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.redisson.api.RRemoteService;
import org.redisson.api.RedissonClient;
import org.redisson.api.RemoteInvocationOptions;
import org.redisson.codec.JsonJacksonCodec;

/** Redisson's RRemoteService, with JSON and with as many workers as Omnibus runs calls at a time. */
public final class RemoteServicePeer implements Peer {

    private static final String NAME = "bench-desk";
    private static final int WORKERS = 64;

    /** Its default of a second for the acknowledgement is too short for a thousand calls in flight. */
    private static final RemoteInvocationOptions OPTIONS = RemoteInvocationOptions.defaults()
            .expectAckWithin(10, TimeUnit.SECONDS)
            .expectResultWithin(10, TimeUnit.SECONDS);

    @Override
    public String name() {
        return "rremote";
    }

    @Override
    public Set<Ability> abilities() {
        return Set.of(Ability.CALL, Ability.QUEUE);
    }

    @Override
    public Caller caller(Addresses addresses, int nodes) {
        Closing opened = new Closing();
        for (int i = 0; i < nodes; i++) {
            RedissonClient server = RedissonPeer.connect(addresses);
            opened.add(server::shutdown);
            RRemoteService service = server.getRemoteService(NAME, new JsonJacksonCodec());
            service.register(Desk.class, new Serving(), WORKERS);
            opened.add(() -> service.deregister(Desk.class));
        }
        RedissonClient client = RedissonPeer.connect(addresses);
        opened.add(client::shutdown);
        return new Calling(client.getRemoteService(NAME, new JsonJacksonCodec()), opened);
    }

    /** All its calls wait in a queue, for as long as their acknowledgement may take. */
    @Override
    public Caller queue(Addresses addresses) {
        return caller(addresses, 1);
    }

    private static final class Serving implements Desk {

        @Override
        public Receipt place(Order order) {
            return order.receipt();
        }
    }

    private static final class Calling implements Caller {

        private final Desk desk;
        private final Desk.Remote async;
        private final Closing opened;

        Calling(RRemoteService service, Closing opened) {
            this.desk = service.get(Desk.class, OPTIONS);
            this.async = service.get(Desk.Remote.class, OPTIONS);
            this.opened = opened;
        }

        @Override
        public Receipt call(Order order) {
            return desk.place(order);
        }

        @Override
        public CompletionStage<Receipt> callAsync(Order order) {
            return async.place(order);
        }

        @Override
        public void close() {
            opened.close();
        }
    }
}
