package dev.omnibus.bench.server;

import dev.omnibus.testing.LinkProxy;
import java.io.IOException;
import java.time.Duration;

/** The program of a {@link Link}: is asked for ports, and answers with those that lead there. */
public final class LinkMain {

    private LinkMain() {}

    /** What the JVM begins with; the argument is the delay in each direction in nanoseconds. */
    public static void main(String[] args) throws IOException {
        LinkProxy link = LinkProxy.withDelay(Duration.ofNanos(Long.parseLong(args[0])));
        ChildJvm.serve(question -> Integer.toString(link.port("127.0.0.1", Integer.parseInt(question.get(0)))));
    }
}
