package dev.omnibus.bench;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** What a JVM has used so far: the time of the processor, and memory allocated by the threads that still live. */
record Usage(long cpuNanos, long allocatedBytes) {

    static final Usage NONE = new Usage(0, 0);

    static Usage ofThisProcess() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long allocated = 0;
        for (long bytes : threads.getThreadAllocatedBytes(threads.getAllThreadIds())) {
            allocated += Math.max(0, bytes);
        }
        return new Usage(
                ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime(), allocated);
    }

    Usage plus(Usage other) {
        return new Usage(cpuNanos + other.cpuNanos, allocatedBytes + other.allocatedBytes);
    }

    Usage minus(Usage other) {
        return new Usage(cpuNanos - other.cpuNanos, allocatedBytes - other.allocatedBytes);
    }
}
