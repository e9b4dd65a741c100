package dev.omnibus.rpc.faults;

import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.testing.NodeProcess;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A node that works in a process of its own, which may be paused and killed, and is started again when it is needed.
 */
final class OutsideNode implements AutoCloseable {

    private static final String EXECUTED = "once ";

    private final String url;
    private final List<NodeProcess> processes = new ArrayList<>(); // the last one may be alive
    private @Nullable NodeProcess running;

    OutsideNode(String url) {
        this.url = url;
    }

    /** Serves, and tells what it executes. */
    static final class Server {

        private Server() {}

        public static void main(String[] arguments) throws Exception {
            Work.Worker worker = Work.Worker.named("outside");
            Bus bus = Patiently.open(arguments[0], "outside");
            RpcServer.on(bus).serve(Work.class, new Telling(worker)).ready().get(20, TimeUnit.SECONDS);
            System.out.println("ready");
            TimeUnit.HOURS.sleep(1);
        }
    }

    private record Telling(Work.Worker worker) implements Work {

        @Override
        public long once(long number) {
            System.out.println(EXECUTED + number);
            return worker.once(number);
        }

        @Override
        public long again(long number) {
            return worker.again(number);
        }

        @Override
        public String who() {
            return worker.who();
        }
    }

    /** The process, which serves when this returns. */
    NodeProcess running() {
        NodeProcess process = running;
        if (process == null) {
            process = NodeProcess.start(Server.class, url);
            processes.add(process);
            running = process;
            String unused = process.awaitLine("ready"::equals);
        }
        return process;
    }

    void kill() {
        running().kill();
        running = null;
    }

    /** How often it has done what must not be done twice, by number. */
    Map<Long, Integer> executions() {
        Map<Long, Integer> executions = new HashMap<>();
        processes.stream()
                .flatMap(NodeProcess::lines)
                .filter(line -> line.startsWith(EXECUTED))
                .forEach(line -> executions.merge(Long.valueOf(line.substring(EXECUTED.length())), 1, Integer::sum));
        return executions;
    }

    @Override
    public void close() {
        processes.forEach(NodeProcess::close);
    }
}
