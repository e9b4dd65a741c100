package dev.omnibus.rpc.faults;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusListener;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;

/** A way to run Redis, and what may go wrong with it, by chance, while a load runs. */
abstract class Soaked implements AutoCloseable {

    /** What goes wrong, and is over when this returns. */
    interface Fault {
        void happen(Load load) throws Exception;
    }

    final SplittableRandom random;
    final Map<String, Fault> faults = new LinkedHashMap<>();

    Soaked(SplittableRandom random) {
        this.random = random;
    }

    abstract Bus open(String name, BusListener listener);

    /** How many faults one load goes through, before all that must hold is looked at. */
    abstract int faultsPerLoad();

    /** What has been executed by nodes that are not the load's own. */
    Map<Long, Integer> executedOutside() {
        return Map.of();
    }

    /** By chance in between. */
    void lasts(int atLeastMillis, int atMostMillis) {
        LockSupport.parkNanos((atLeastMillis + random.nextInt(atMostMillis - atLeastMillis)) * 1_000_000L);
    }

    @Override
    public abstract void close();
}
