package dev.omnibus.examples.quakes;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Event;
import dev.omnibus.examples.PatientStart;
import dev.omnibus.examples.stage.ChildMain;
import dev.omnibus.rpc.RpcServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A process that keeps the events of some networks and answers questions about them. Thread-safe. */
public final class CatalogueNode implements Catalogue {

    private final Map<String, Quake> quakes = new ConcurrentHashMap<>();
    private final Ear ear;

    CatalogueNode(Ear ear) {
        this.ear = ear;
    }

    /**
     * Runs a node until its standard input ends or it is told to stop.
     *
     * @param args the node's name, and the networks whose events it keeps
     */
    public static void main(String[] args) {
        ChildMain.run(() -> start(args[0], Arrays.asList(args).subList(1, args.length)));
    }

    private static void start(String name, List<String> networks) {
        Ear ear = new Ear();
        CatalogueNode node = new CatalogueNode(ear);
        Bus bus = PatientStart.open(
                Bus.builder(System.getenv("REDIS_URL")).name(name).listener(ear).closeOnShutdown());

        List<CompletableFuture<Void>> ready = new ArrayList<>();
        for (String network : networks) {
            ready.add(bus.subscribe(Quake.topic(network), node::keep).ready());
        }
        RpcServer server = RpcServer.on(bus);
        ready.add(server.serve(Catalogue.class, node).ready());
        ready.add(server.serve(Geo.class, (from, to) -> distance(from, to, bus.node()))
                .ready());
        CompletableFuture.allOf(ready.toArray(CompletableFuture[]::new)).join();
        System.out.println("ready " + bus.node());
    }

    private void keep(Event<Quake> event) {
        ear.received();
        quakes.put(event.data().id(), event.data());
    }

    private static CompletableFuture<Geo.Distance> distance(Position from, Position to, String node) {
        return CompletableFuture.completedFuture(new Geo.Distance(from.distanceKm(to), node));
    }

    @Override
    public int count() {
        return quakes.size();
    }

    @Override
    public List<Quake> strongest(int n) {
        return quakes.values().stream().sorted(Quake.STRONGEST_FIRST).limit(n).toList();
    }

    @Override
    public @Nullable Quake find(String id) {
        return quakes.get(id);
    }

    @Override
    public int survey(Duration effort) {
        System.out.println("surveying");
        try {
            TimeUnit.NANOSECONDS.sleep(effort.toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return (int)
                quakes.values().stream().filter(quake -> quake.felt() != null).count();
    }

    @Override
    public Report report() {
        return ear.report();
    }
}
