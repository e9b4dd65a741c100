package dev.omnibus.examples.quakes;

import dev.omnibus.examples.stage.ChildProcess;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The four node processes. Confined to one thread. */
final class Nodes implements AutoCloseable {

    private static final List<List<String>> NETWORKS = List.of(
            List.of("ci", "uw"), List.of("nc", "hv"), List.of("ak", "us"), List.of("nn", "pr", "uu", "mb", "nm", "se"));

    /**
     * A node that stands.
     *
     * @param id its id on the bus, with which answers are signed
     * @param networks whose events it keeps
     * @param process where it runs
     */
    record Node(String id, List<String> networks, ChildProcess process) {

        boolean keeps(Quake quake) {
            return networks.contains(quake.network());
        }
    }

    private final List<ChildProcess> processes = new ArrayList<>();

    /** Starts them all at once: to start a JVM takes longer than anything they will do. */
    Nodes(Map<String, String> environment) {
        for (int i = 0; i < NETWORKS.size(); i++) {
            String name = "catalogue-" + (i + 1);
            List<String> arguments = new ArrayList<>(List.of(name));
            arguments.addAll(NETWORKS.get(i));
            processes.add(ChildProcess.start(name, CatalogueNode.class, environment, arguments));
        }
    }

    /** Waits until their subscriptions and services stand. */
    List<Node> awaitReady() {
        List<Node> ready = new ArrayList<>();
        for (int i = 0; i < NETWORKS.size(); i++) {
            ChildProcess process = processes.get(i);
            ready.add(new Node(process.await("ready"), NETWORKS.get(i), process));
        }
        return ready;
    }

    @Override
    public void close() {
        processes.forEach(ChildProcess::end); // together
        processes.forEach(ChildProcess::close);
    }
}
