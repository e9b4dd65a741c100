package dev.omnibus.transport.redisson.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.omnibus.transport.redisson.Commands;
import io.netty.channel.SelectStrategy;
import io.netty.channel.epoll.Epoll;
import io.netty.util.Version;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.redisson.config.TransportMode;

/** Runs twice, once without Netty's native transport on the class path; the build says when. */
class EventLoopIT {

    @Test
    void theNativeTransportIsUsedOnLinux() {
        boolean there = !"false".equals(System.getProperty("omnibus.native"))
                && System.getProperty("os.name").equals("Linux")
                && List.of("amd64", "aarch64").contains(System.getProperty("os.arch"));
        EventLoop eventLoop = EventLoop.start(true, Commands.ALL_HOOKS);
        eventLoop.end();
        assertEquals(there ? TransportMode.EPOLL : TransportMode.NIO, eventLoop.mode(), EventLoopIT::why);
    }

    @Test
    void switchedOffItDoesNotStayAwake() throws Exception {
        EventLoop eventLoop = EventLoop.start(false, Commands.ALL_HOOKS);
        eventLoop.end();
        eventLoop.busyPoll().cameAlone();
        assertEquals(SelectStrategy.SELECT, eventLoop.busyPoll().calculateStrategy(() -> 0, false));
    }

    private static String why() {
        return "Netty says: " + Epoll.unavailabilityCause();
    }

    @Test
    void theNativeTransportIsOfTheVersionThatRedissonBrings() {
        assertEquals(version("netty-transport"), version("netty-transport-classes-epoll"));
    }

    private static String version(String artifact) {
        return Objects.requireNonNull(Version.identify().get(artifact)).artifactVersion();
    }
}
