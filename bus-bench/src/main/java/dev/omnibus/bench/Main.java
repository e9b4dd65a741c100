package dev.omnibus.bench;

import dev.omnibus.bench.scale.Scale;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The benchmarks' command line: {@code compare} for the comparison with peers, {@code pairs} for that of builds,
 * {@code micro} for JMH, {@code scale} for many nodes, topics or subscriptions.
 */
public final class Main {

    private Main() {}

    /**
     * Runs what the first argument names.
     *
     * @param args {@code compare}, {@code pairs}, {@code micro} or {@code scale}, then options
     * @throws Exception if it breaks off
     */
    public static void main(String[] args) throws Exception {
        List<String> arguments = Arrays.asList(args);
        String command = arguments.isEmpty() ? "" : arguments.get(0);
        if (command.equals("compare")) {
            compare(arguments.subList(1, arguments.size()));
        } else if (command.equals("pairs")) {
            pairs(arguments.subList(1, arguments.size()));
        } else if (command.equals("micro")) {
            micro(arguments.subList(1, arguments.size()));
        } else if (command.equals("scale")) {
            scale(arguments.subList(1, arguments.size()));
        } else {
            System.err.println(Options.USAGE);
            System.err.println(Pairs.USAGE);
            System.err.println("or " + Scale.USAGE);
            System.exit(2);
        }
    }

    private static void scale(List<String> arguments) throws Exception {
        try {
            Scale.run(arguments, new PrintStream(System.out, true, StandardCharsets.UTF_8));
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(2);
        }
    }

    private static void compare(List<String> arguments) throws Exception {
        Options options;
        try {
            options = Options.parse(arguments);
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(2);
            return;
        }
        Compare.run(options, new PrintStream(System.out, true, StandardCharsets.UTF_8), System.err);
        System.exit(0); // some peers leave threads behind
    }

    private static void pairs(List<String> arguments) throws Exception {
        Pairs.Plan plan;
        try {
            plan = Pairs.Plan.parse(arguments);
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(2);
            return;
        }
        Pairs.run(plan, new PrintStream(System.out, true, StandardCharsets.UTF_8), System.err);
    }

    private static void micro(List<String> arguments) throws Exception {
        List<String> all = new ArrayList<>(List.of("-prof", "gc"));
        all.addAll(arguments);
        org.openjdk.jmh.Main.main(all.toArray(String[]::new));
    }
}
