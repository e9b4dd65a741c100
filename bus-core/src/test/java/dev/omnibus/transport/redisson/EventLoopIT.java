package dev.omnibus.transport.redisson;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.redisson.config.TransportMode;

/** Runs twice, once with Netty's native transport on the class path; the build says when. */
class EventLoopIT {

    @Test
    void theNativeTransportIsUsedWhereTheProgramHasBroughtIt() {
        boolean brought = Boolean.getBoolean("omnibus.native")
                && System.getProperty("os.name").equals("Linux")
                && List.of("amd64", "aarch64").contains(System.getProperty("os.arch"));
        EventLoop eventLoop = EventLoop.start();
        eventLoop.end();
        assertEquals(brought ? TransportMode.EPOLL : TransportMode.NIO, eventLoop.mode());
    }
}
