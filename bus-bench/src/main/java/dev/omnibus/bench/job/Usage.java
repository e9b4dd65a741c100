package dev.omnibus.bench.job;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.util.concurrent.TimeUnit;

/**
 * What a JVM has used so far.
 *
 * @param cpuNanos the time of the processor
 * @param allocatedBytes memory allocated by the threads that still live
 * @param jitNanos for how long its compilers were at work
 */
public record Usage(long cpuNanos, long allocatedBytes, long jitNanos) {

    public static final Usage NONE = new Usage(0, 0, 0);

    public static Usage ofThisProcess() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long allocated = 0;
        for (long bytes : threads.getThreadAllocatedBytes(threads.getAllThreadIds())) {
            allocated += Math.max(0, bytes);
        }
        return new Usage(
                ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime(),
                allocated,
                compiledNanos());
    }

    private static long compiledNanos() {
        CompilationMXBean jit = ManagementFactory.getCompilationMXBean(); // null if there is none
        return jit == null ? 0 : TimeUnit.MILLISECONDS.toNanos(jit.getTotalCompilationTime());
    }

    public Usage plus(Usage other) {
        return new Usage(cpuNanos + other.cpuNanos, allocatedBytes + other.allocatedBytes, jitNanos + other.jitNanos);
    }

    public Usage minus(Usage other) {
        return new Usage(cpuNanos - other.cpuNanos, allocatedBytes - other.allocatedBytes, jitNanos - other.jitNanos);
    }
}
