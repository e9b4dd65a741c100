package dev.omnibus.tools.cli.event;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Topic;
import dev.omnibus.rpc.CallOptions;
import dev.omnibus.rpc.Replies;
import dev.omnibus.rpc.RpcClient;
import dev.omnibus.tools.cli.base.Action;
import dev.omnibus.tools.cli.base.Durations;
import dev.omnibus.tools.cli.base.ExitCode;
import dev.omnibus.tools.cli.base.Failures;
import dev.omnibus.tools.cli.base.Input;
import dev.omnibus.tools.cli.base.Output;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Sends again what was recorded. */
@Command(
        name = "replay",
        description = {
            "Publishes recorded events again, with their topics, types, headers and data, and at their pace; ids",
            "and times are new. A recording is what omnibus sub, log or watch write with --json.%n"
        },
        footer = {
            "",
            "omnibus watch --json > traffic.ndjson",
            "omnibus replay traffic.ndjson -c test",
            "omnibus replay traffic.ndjson --speed 10 --calls",
            "omnibus sub 'orders.*' --json | omnibus replay - -c test"
        })
public final class ReplayCommand extends Action {

    private static final int MAX_UNANSWERED = 1000;

    @Parameters(paramLabel = "FILE", description = "The recording; - for stdin.")
    String file = "";

    @Option(
            names = "--speed",
            paramLabel = "N",
            description = "How many times as fast as it was recorded; 0 for no pauses. Default: 1.")
    double speed = 1;

    @Option(names = "--count", paramLabel = "N", description = "End after so many. Default: all.")
    long count;

    @Option(names = "--calls", description = "Make the recorded calls again as well; what they do, they do again.")
    boolean calls;

    @Option(names = "--dry-run", description = "Send nothing: print what would be sent, and when.")
    boolean dryRun;

    private final Deque<CompletableFuture<Integer>> unanswered = new ArrayDeque<>(); // with an exit code each
    private long begun;
    private long published;
    private long called;
    private long failed;
    private long leftOut;
    private int first = ExitCode.OK; // that of the first call that failed

    @Override
    public Integer call() throws Exception {
        if (speed < 0 || count < 0) {
            throw new Failures.UsageException("--speed and --count must not be negative");
        }
        try (Recording recording = Recording.open(file, omnibus().terminal())) {
            if (dryRun) {
                play(recording, this::show);
                return ExitCode.OK;
            }
            try (Bus bus = connect()) {
                play(recording, (line, due) -> send(bus, line, due));
                while (!unanswered.isEmpty()) {
                    settle();
                }
            }
        }
        ObjectNode result = Output.object()
                .put("ok", failed == 0)
                .put("published", published)
                .put("called", called)
                .put("failed", failed)
                .put("leftOut", leftOut);
        String text = published + " published" + (calls ? ", " + called + " called, " + failed + " failed" : "");
        out().element(result, leftOut == 0 ? text : text + ", " + leftOut + " left out");
        return first;
    }

    /** What is done with a line. */
    private interface Player {

        /**
         * Does it.
         *
         * @param due when it is to be sent, counted from the first one
         */
        void play(Recording.Line line, Duration due) throws Exception;
    }

    private void play(Recording recording, Player player) throws Exception {
        Instant start = null;
        long played = 0;
        for (Recording.Line line = recording.next(); line != null; line = recording.next()) {
            boolean wanted = line.kind() == Recording.Kind.EVENT || (calls && line.kind() != Recording.Kind.OTHER);
            if (!wanted) {
                leftOut++;
                continue;
            }
            start = start == null ? line.at() : start;
            long nanos =
                    speed == 0 ? 0 : (long) (Duration.between(start, line.at()).toNanos() / speed);
            player.play(line, Duration.ofNanos(nanos));
            played++;
            if (played == count) {
                return;
            }
        }
    }

    private void show(Recording.Line line, Duration due) {
        ObjectNode object = Output.object()
                .put("afterMs", Durations.millis(due))
                .put("kind", line.kind().name())
                .put("name", line.name())
                .put("type", line.type());
        ObjectNode headers = object.putObject("headers");
        line.headers().forEach(headers::put);
        object.set("content", line.content());
        out().element(
                        object,
                        "+" + Durations.text(due) + " " + line.kind().name().toLowerCase(Locale.ROOT) + " "
                                + line.name() + " " + Output.compact(line.content()));
    }

    private void send(Bus bus, Recording.Line line, Duration due) throws Exception {
        begun = begun == 0 ? System.nanoTime() : begun;
        long wait = begun + due.toNanos() - System.nanoTime();
        if (wait > 0) {
            TimeUnit.NANOSECONDS.sleep(wait);
        }
        while (unanswered.size() >= MAX_UNANSWERED
                || (!unanswered.isEmpty() && unanswered.element().isDone())) {
            settle();
        }
        if (line.kind() == Recording.Kind.EVENT) {
            Topic<JsonNode> topic = Topic.of(line.name(), JsonNode.class).withEventType(line.type());
            unanswered.add(bus.publish(topic, line.content(), line.headers()).thenApply(receivers -> ExitCode.OK));
            published++;
        } else {
            unanswered.add(answer(RpcClient.on(bus), line).handle(this::ended));
            called++;
        }
    }

    private CompletableFuture<?> answer(RpcClient client, Recording.Line line) {
        CallOptions options = CallOptions.defaults().withTimeout(omnibus().timeout());
        for (Map.Entry<String, String> header : line.headers().entrySet()) {
            options = options.withHeader(header.getKey(), header.getValue());
        }
        Object[] arguments = Input.arguments(line.content());
        return switch (line.kind()) {
            case CALL -> client.call(line.name(), JsonNode.class, options, arguments);
            case BROADCAST ->
                client.broadcast(line.name(), JsonNode.class, arguments)
                        .with(options)
                        .askAsync();
            default -> client.send(line.name(), options, arguments);
        };
    }

    private int ended(@Nullable Object value, @Nullable Throwable failure) {
        if (failure != null) {
            out().problem(out().alarming(
                            String.valueOf(Failures.unwrapped(failure).getMessage())));
            return Failures.code(Failures.unwrapped(failure));
        }
        return value instanceof Replies<?> replies && !replies.isComplete() ? ExitCode.INCOMPLETE : ExitCode.OK;
    }

    /** Waits for the oldest one. An event that cannot be published ends it all; a call that fails is counted. */
    private void settle() throws Exception {
        int code = await(unanswered.remove());
        failed += code == ExitCode.OK ? 0 : 1;
        first = first == ExitCode.OK ? code : first;
    }
}
