package dev.omnibus.rpc.faults;

import dev.omnibus.rpc.Idempotent;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** What the nodes of the fault suites do for each other. */
public interface Work {

    /** Not to be done twice. */
    long once(long number);

    /** May be done twice. */
    @Idempotent
    long again(long number);

    /** Put to all. */
    String who();

    /** Does it, and counts how often it did what must not be done twice. */
    record Worker(String name, Map<Long, Integer> executions) implements Work {

        static Worker named(String name) {
            return new Worker(name, new ConcurrentHashMap<>());
        }

        @Override
        public long once(long number) {
            executions.merge(number, 1, Integer::sum);
            return number;
        }

        @Override
        public long again(long number) {
            return number;
        }

        @Override
        public String who() {
            return name;
        }
    }
}
