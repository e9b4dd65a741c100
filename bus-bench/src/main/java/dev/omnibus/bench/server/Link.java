package dev.omnibus.bench.server;

import java.io.IOException;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The way to the servers: direct, or as long as was asked for. Then a process of its own delays everything, whose heap
 * and compiler disturb nobody, and whose time is not counted.
 */
public final class Link implements AutoCloseable {

    public static final Link DIRECT = new Link(null);

    private static final Pattern PORT = Pattern.compile(":(\\d+)$");

    private final @Nullable ChildJvm proxy;

    private Link(@Nullable ChildJvm proxy) {
        this.proxy = proxy;
    }

    /** Half of the round trip is the delay in each direction; zero is no link at all. */
    public static Link of(Duration roundTrip) throws IOException {
        return roundTrip.isZero()
                ? DIRECT
                : new Link(new ChildJvm(
                        nothing -> {},
                        LinkMain.class,
                        Long.toString(roundTrip.dividedBy(2).toNanos())));
    }

    public boolean isDirect() {
        return proxy == null;
    }

    /** The port of this machine at which a server on another of its ports is reached. */
    public int port(int port) {
        if (proxy == null) {
            return port;
        }
        proxy.ask(Integer.toString(port));
        return Integer.parseInt(proxy.answer());
    }

    /** The URL at which a server of this machine is reached. */
    public String url(String url) {
        Matcher port = PORT.matcher(url);
        return port.replaceFirst(match -> ":" + port(Integer.parseInt(match.group(1))));
    }

    @Override
    public void close() {
        if (proxy != null) {
            proxy.close();
        }
    }
}
