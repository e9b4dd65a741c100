package dev.omnibus.tools.cli;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.epoll.Epoll;
import java.security.SecureRandom;
import org.redisson.Redisson;
import org.redisson.config.Config;

/** A preload: what every connection needs is initialized on another processor while the line is being parsed. */
final class Preload {

    private Preload() {}

    static void start() {
        Thread thread = new Thread(Preload::run, "omnibus-preload");
        thread.setDaemon(true);
        thread.start();
    }

    private static void run() {
        try {
            boolean unused = Epoll.isAvailable();
            unused &= ByteBufAllocator.DEFAULT.directBuffer(16).release();
            new Config().useSingleServer();
            Class.forName(Redisson.class.getName());
            new SecureRandom().nextBytes(new byte[1]);
            JsonMapper.builder().build().readTree("{\"a\":[1]}");
        } catch (Exception | LinkageError e) {
            // whoever needs it says so
        }
    }
}
