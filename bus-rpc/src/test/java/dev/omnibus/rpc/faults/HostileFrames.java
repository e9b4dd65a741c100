package dev.omnibus.rpc.faults;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;

/** Frames as a broken or hostile program sends them: the right ones, damaged. The same seed gives the same frames. */
final class HostileFrames {

    private static final List<String> RIGHT = List.of(
            "{\"specversion\":\"1.0\",\"source\":\"/nodes/foreign\",\"type\":\"Long\",\"subject\":\"load.n\","
                    + "\"id\":\"1\",\"sequence\":\"00000000000000000001\",\"time\":\"2026-01-01T00:00:00Z\",\"data\":1}",
            "{\"specversion\":\"1.0\",\"source\":\"/nodes/foreign\",\"type\":\"dev.omnibus.mark\","
                    + "\"subject\":\"load.n\",\"id\":\"1\",\"sequence\":\"00000000000000000009\"}",
            "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"work.again\",\"meta\":{\"from\":\"foreign\","
                    + "\"replyTo\":\"bus:inbox:foreign\",\"ttl\":2000},\"params\":[5]}",
            "{\"jsonrpc\":\"2.0\",\"id\":7,\"meta\":{\"from\":\"foreign\"},\"result\":3}",
            "{\"jsonrpc\":\"2.0\",\"id\":7,\"meta\":{\"from\":\"foreign\"},\"error\":{\"code\":-32002,\"message\":\"x\"}}",
            "{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{\"id\":7,\"from\":\"foreign\"}}",
            "{\"jsonrpc\":\"2.0\",\"method\":\"$/beat\",\"params\":[99999999]}",
            "{\"jsonrpc\":\"2.0\",\"method\":\"$/joined\",\"params\":{\"node\":\"foreign\",\"services\":{}}}");

    private static final List<String> GRAINS = List.of(
            "null",
            "true",
            "[]",
            "{}",
            "1e999",
            "-0",
            "9".repeat(400),
            "\"\\u0000\"",
            "\"\\ud800\"",
            "[[[[[[[[[[",
            "{\"a\":".repeat(200),
            "\"".repeat(3),
            "\\",
            "/*",
            "\u00ff",
            "NaN",
            "\"" + "x".repeat(20_000) + "\"");

    private final SplittableRandom random;

    HostileFrames(long seed) {
        random = new SplittableRandom(seed);
    }

    byte[] next() {
        String frame = RIGHT.get(random.nextInt(RIGHT.size()));
        int damages = random.nextInt(4);
        for (int i = 0; i < damages; i++) {
            frame = damaged(frame);
        }
        byte[] bytes = frame.getBytes(StandardCharsets.UTF_8);
        if (random.nextInt(4) == 0 && bytes.length > 0) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
        }
        return bytes;
    }

    private String damaged(String frame) {
        int at = frame.isEmpty() ? 0 : random.nextInt(frame.length());
        int to = Math.min(frame.length(), at + random.nextInt(12));
        return switch (random.nextInt(7)) {
            case 0 -> frame.substring(0, at);
            case 1 -> frame.substring(at);
            case 2 -> frame.substring(0, at) + frame.substring(to);
            case 3 -> frame.substring(0, at) + GRAINS.get(random.nextInt(GRAINS.size())) + frame.substring(to);
            case 4 -> frame.substring(0, to) + frame.substring(at);
            case 5 -> "[" + frame + "," + RIGHT.get(random.nextInt(RIGHT.size())) + "]";
            default -> frame.replace("2.0", "3.0").replace("1.0", "2.0"); // of another version
        };
    }
}
