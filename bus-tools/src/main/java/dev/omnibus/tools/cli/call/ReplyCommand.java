package dev.omnibus.tools.cli.call;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.omnibus.bus.Bus;
import dev.omnibus.rpc.CallContext;
import dev.omnibus.rpc.Registration;
import dev.omnibus.rpc.RpcFault;
import dev.omnibus.rpc.RpcServer;
import dev.omnibus.tools.cli.base.Action;
import dev.omnibus.tools.cli.base.Durations;
import dev.omnibus.tools.cli.base.ExitCode;
import dev.omnibus.tools.cli.base.Failures;
import dev.omnibus.tools.cli.base.Input;
import dev.omnibus.tools.cli.base.Output;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Serves a method, to try out its callers. */
@Command(
        name = "reply",
        description = "Serves a method until Ctrl-C: as an echo, with a fixed result, by a program, or with a fault.%n",
        footer = {
            "",
            "omnibus reply demo.echo --echo",
            "omnibus reply stock.left --result 3 --delay 50ms",
            "omnibus reply host.uptime --command uptime",
            "omnibus reply file.size --command 'stat -c %%s {0}'"
        })
public final class ReplyCommand extends Action {

    private static final Pattern PLACE = Pattern.compile("\\{([A-Za-z0-9_.-]+)}");

    /** What it answers: exactly one of these. */
    static final class Answer {

        @Option(names = "--echo", description = "Answer with the params.")
        boolean echo;

        @Option(names = "--result", paramLabel = "JSON", description = "Answer with this.")
        @Nullable
        String result;

        @Option(
                names = "--command",
                paramLabel = "WORDS",
                description = "Run a program, without a shell; {0} and {name} are params. Its stdout is the result: as"
                        + " JSON if it is that, else as a text. If it exits with another code than 0, that is a fault.")
        @Nullable
        String command;

        @Option(
                names = "--fault",
                paramLabel = "CODE:TEXT",
                description = "Answer with a fault of the service; the code is positive.")
        @Nullable
        String fault;
    }

    @Parameters(index = "0", paramLabel = "METHOD", description = "service.method")
    String method = "";

    @ArgGroup(multiplicity = "1")
    Answer answer = new Answer();

    @Option(
            names = "--delay",
            paramLabel = "TIME",
            converter = Durations.class,
            description = "Take a random time of up to this for each call.")
    @Nullable
    Duration delay;

    @Option(names = "--concurrency", paramLabel = "N", description = "How many calls at a time. Default: 64.")
    int concurrency = 64;

    @Option(names = "--count", paramLabel = "N", description = "End after so many calls. Default: never.")
    long count;

    @Option(
            names = "--wait",
            paramLabel = "TIME",
            converter = Durations.class,
            description = "End after this time; with 77 if there were fewer than --count calls.")
    @Nullable
    Duration wait;

    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private long shown; // guarded by this
    private long calls; // guarded by this, those that are answered

    @Override
    public Integer call() throws Exception {
        JsonNode fixed = answer.result == null
                ? null
                : Input.value(answer.result, omnibus().terminal());
        if (answer.fault != null) {
            RpcFault unused = fault(answer.fault);
        }
        if (concurrency < 1) {
            throw new Failures.UsageException("--concurrency must be at least 1");
        }
        Semaphore running = new Semaphore(concurrency);
        try (Bus bus = connect()) {
            Registration registration = RpcServer.on(bus).serve(method, params -> {
                running.acquire();
                try {
                    return answered(params, fixed);
                } finally {
                    running.release();
                    count();
                }
            });
            await(registration.ready());
            out().note("serving " + method + " at " + omnibus().connection() + " as " + bus.node());
            try {
                if (wait == null) {
                    await(ended);
                } else {
                    ended.get(wait.toMillis(), TimeUnit.MILLISECONDS);
                }
            } catch (TimeoutException e) {
                return count == 0 ? ExitCode.OK : ExitCode.TOO_FEW;
            }
            registration.close();
            await(registration.closed());
            return ExitCode.OK;
        }
    }

    private Object answered(JsonNode params, @Nullable JsonNode fixed) throws Exception {
        CallContext context = CallContext.current();
        ObjectNode call = Output.object().put("method", method).put("caller", context.caller());
        call.set("params", params);
        ObjectNode headers = call.putObject("headers");
        context.headers().forEach(headers::put);
        if (isWanted()) {
            show(call, context.caller() + " " + Output.compact(params));
        }
        if (delay != null) {
            TimeUnit.NANOSECONDS.sleep(ThreadLocalRandom.current().nextLong(delay.toNanos() + 1));
        }
        if (answer.fault != null) {
            throw fault(answer.fault);
        }
        if (answer.command != null) {
            return output(answer.command, params);
        }
        return fixed == null ? params : fixed;
    }

    private void show(ObjectNode call, String text) {
        try {
            out().element(call, text);
        } catch (Output.PipeClosed e) {
            ended.completeExceptionally(e);
        }
    }

    /** Calls that come while the last one is answered are answered as well, and not shown. */
    private synchronized boolean isWanted() {
        shown++;
        return count == 0 || shown <= count;
    }

    private synchronized void count() {
        calls++;
        if (calls == count) {
            ended.complete(null);
        }
    }

    private static RpcFault fault(String text) {
        Matcher parts = Pattern.compile("([1-9]\\d{0,8}):(.*)").matcher(text);
        if (!parts.matches()) {
            throw new Failures.UsageException("--fault is a positive code, a colon and a text, as 17:sold out");
        }
        return new RpcFault(Integer.parseInt(parts.group(1)), parts.group(2));
    }

    /** Each word may have params in it, so what a caller sends stays in its word. */
    private static JsonNode output(String command, JsonNode params) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>();
        for (String word : command.strip().split("\\s+", -1)) {
            words.add(PLACE.matcher(word).replaceAll(place -> Matcher.quoteReplacement(param(params, place.group(1)))));
        }
        Process process = new ProcessBuilder(words)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        process.getOutputStream().close();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        int code = process.waitFor();
        if (code != 0) {
            throw new RpcFault(Math.max(1, code), "the command has failed with exit code " + code);
        }
        try {
            return Input.json(text, "the output");
        } catch (Failures.UsageException e) {
            return TextNode.valueOf(text);
        }
    }

    private static String param(JsonNode params, String name) {
        JsonNode value =
                params.isArray() && name.matches("\\d{1,6}") ? params.path(Integer.parseInt(name)) : params.path(name);
        if (value.isMissingNode()) {
            throw new RpcFault(1, "the param " + name + " is missing");
        }
        return value.isTextual() ? value.textValue() : Output.compact(value);
    }
}
