package dev.omnibus.tools.cli.base;

import dev.omnibus.bus.Bus;
import dev.omnibus.transport.redisson.RedissonOptions;
import dev.omnibus.transport.redisson.RedissonTransport;
import dev.omnibus.transport.redisson.connection.RedisUri;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.redisson.config.Config;

/**
 * Where to connect and how. The login never comes from the command line, which everybody on the machine can list.
 *
 * @param address of Redis, with the login
 * @param prefix of channels and keys
 * @param name of this node
 * @param timeout for an answer
 * @param redisson a file that says how to connect to a cluster or by Sentinels; empty for the one server
 */
public record Connection(RedisUri address, String prefix, String name, Duration timeout, Optional<Path> redisson) {

    private static final String LOCAL = "redis://127.0.0.1:6379";
    private static final int MAX_MESSAGE = 8 * 1024 * 1024;
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    static Connection of(OmnibusCommand options, Optional<Context> context) {
        Terminal terminal = options.terminal();
        Optional<String> given = Optional.ofNullable(options.redis);
        if (given.isPresent() && RedisUri.parse(given.get()).password() != null) {
            throw new Failures.UsageException("A password on the command line can be read by everybody on this machine;"
                    + " set OMNIBUS_PASSWORD, or keep it in a context: omnibus context add --help");
        }
        RedisUri found = RedisUri.parse(given.or(() -> terminal.variable("OMNIBUS_REDIS"))
                .or(() -> text(context, "url"))
                .or(() -> terminal.variable("REDIS_URL"))
                .orElse(LOCAL));
        Optional<String> user = Optional.ofNullable(options.user)
                .or(() -> terminal.variable("OMNIBUS_USER"))
                .or(() -> Optional.ofNullable(found.user()))
                .or(() -> text(context, "user"));
        Optional<String> password = terminal.variable("OMNIBUS_PASSWORD")
                .or(() -> Optional.ofNullable(found.password()))
                .or(() -> context.flatMap(Connection::password));
        if (user.isPresent() && password.isEmpty()) {
            throw new Failures.UsageException("There is no password for the user " + user.get()
                    + "; set OMNIBUS_PASSWORD, or keep it in a context: omnibus context add --help");
        }
        RedisUri address = new RedisUri(
                found.scheme(), user.orElse(null), password.orElse(null), found.host(), found.port(), found.database());
        return new Connection(
                address,
                Optional.ofNullable(options.prefix)
                        .or(() -> text(context, "prefix"))
                        .orElse("bus"),
                Optional.ofNullable(options.name)
                        .or(() -> text(context, "node"))
                        .orElse("omnibus"),
                Optional.ofNullable(options.timeout)
                        .or(() -> text(context, "timeout").map(new Durations()::convert))
                        .orElse(TIMEOUT),
                Optional.ofNullable(options.redisson)
                        .or(() -> text(context, "redisson").map(Path::of)));
    }

    private static Optional<String> text(Optional<Context> context, String key) {
        return context.map(one -> one.text(key)).filter(value -> !value.isEmpty());
    }

    private static Optional<String> password(Context context) {
        String command = context.text("passwordCommand");
        return command.isEmpty()
                ? Optional.of(context.text("password")).filter(value -> !value.isEmpty())
                : Optional.of(output(context, command));
    }

    private static String output(Context context, String command) {
        try {
            Process process = new ProcessBuilder("/bin/sh", "-c", command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(1, TimeUnit.MINUTES) || process.exitValue() != 0) {
                throw new Failures.UsageException(
                        "The passwordCommand of the context " + context.name() + " has failed");
            }
            return text.lines().findFirst().orElse("");
        } catch (IOException e) {
            throw new UncheckedIOException("The passwordCommand of the context " + context.name() + " has failed", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Failures.UsageException("Interrupted while the passwordCommand ran", e);
        }
    }

    public Bus open() {
        return redisson.map(file -> Bus.builder(within -> RedissonTransport.connect(
                        configured(file), RedissonOptions.defaults().withConnectWithin(within))))
                .orElseGet(() -> Bus.builder(address.text()))
                .name(name)
                .prefix(prefix)
                .maxMessageBytes(MAX_MESSAGE) // what others may send has to be readable here
                .announce(false) // a command is no node that others have to see
                .drainTimeout(Duration.ofSeconds(2))
                .closeOnShutdown()
                .build();
    }

    private static Config configured(Path file) {
        try {
            return Config.fromYAML(file.toFile());
        } catch (IOException e) { // its message may quote the password
            throw new Failures.UsageException(
                    "The file " + file + " is no configuration of Redisson that can be read", e);
        }
    }

    /** Where it is, without the login. */
    @Override
    public String toString() {
        return redisson.map(Path::toString).orElseGet(address::toString);
    }
}
