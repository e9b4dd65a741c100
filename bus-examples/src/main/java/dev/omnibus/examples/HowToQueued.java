package dev.omnibus.examples;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.CallQueue;
import dev.omnibus.rpc.Idempotent;
import dev.omnibus.rpc.QueueOptions;
import dev.omnibus.rpc.Queued;
import dev.omnibus.rpc.Registration;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.rpc.RpcException;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.rpc.ServiceOptions;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** What the page about queued calls shows. Tests run each listing. */
public final class HowToQueued {

    // tag::queued-contract
    interface Reports {
        String monthly(String customer, int month); // at most once

        @Idempotent
        void refresh(String customer); // at least once
    }
    // end::queued-contract

    private HowToQueued() {}

    // tag::queued-serve
    static Registration serve(Bus bus, Reports reports) {
        return RpcServer.on(bus)
                .serve(
                        Reports.class,
                        reports,
                        ServiceOptions.defaults().withConcurrency(8).withQueued());
    }
    // end::queued-serve

    // tag::queued-enqueue
    static String order(Bus bus) {
        CallQueue<Reports> reports =
                RpcClient.on(bus).queue(Reports.class, QueueOptions.defaults().withExpiry(Duration.ofHours(8)));
        Queued<String> report = reports.enqueue(service -> service.monthly("acme", 11));
        report.enqueued().join(); // from here on it is safe in Redis
        return report.id();
    }
    // end::queued-enqueue

    // tag::queued-result
    static CompletableFuture<String> result(Bus bus, String id) {
        return RpcClient.on(bus).queued(id, String.class).result();
    }
    // end::queued-result

    // tag::queued-key
    static Queued<Void> refreshOnce(Bus bus, String customer) {
        QueueOptions options = QueueOptions.defaults()
                .withKey("refresh-" + customer)
                .withDelay(Duration.ofMillis(100))
                .withExpiry(Duration.ofMinutes(10));
        return RpcClient.on(bus).queue(Reports.class, options).enqueueVoid(service -> service.refresh(customer));
    }
    // end::queued-key

    // tag::queued-outcome
    static String outcome(Queued<String> report) {
        return report.result()
                .handle((value, failure) -> {
                    if (failure == null) {
                        return value;
                    }
                    boolean safe = failure instanceof RpcException e && e.notExecuted();
                    return safe ? "not done: order it again" : "perhaps done: look before it is ordered again";
                })
                .join();
    }
    // end::queued-outcome
}
