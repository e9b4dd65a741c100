package dev.omnibus.tools.cli.base;

import java.time.DateTimeException;
import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine;

/** Reads and writes durations as people do: {@code 200ms}, {@code 5s}, {@code 2m}. */
public final class Durations implements CommandLine.ITypeConverter<Duration> {

    private static final Pattern TEXT = Pattern.compile("(\\d{1,9})(us|ms|s|m|h|d)");

    @Override
    public Duration convert(String text) {
        Matcher parts = TEXT.matcher(text);
        if (parts.matches()) {
            long amount = Long.parseLong(parts.group(1));
            return switch (parts.group(2)) {
                case "us" -> Duration.ofNanos(amount * 1000);
                case "ms" -> Duration.ofMillis(amount);
                case "s" -> Duration.ofSeconds(amount);
                case "m" -> Duration.ofMinutes(amount);
                case "h" -> Duration.ofHours(amount);
                default -> Duration.ofDays(amount);
            };
        }
        try {
            return Duration.parse(text);
        } catch (DateTimeException e) {
            CommandLine.TypeConversionException wrong = new CommandLine.TypeConversionException(
                    "'" + text + "' is no duration; write for instance 200ms, 5s or 2m");
            Throwable unused = wrong.initCause(e);
            throw wrong;
        }
    }

    public static double millis(Duration duration) {
        return Math.round(duration.toNanos() / 1e3) / 1e3;
    }

    public static String text(Duration duration) {
        double millis = millis(duration);
        return millis < 10_000
                ? String.format(Locale.ROOT, millis < 10 ? "%.2f ms" : "%.0f ms", millis)
                : String.format(Locale.ROOT, "%.1f s", millis / 1000);
    }

    /** As long ago as a person says it: {@code 12s}, {@code 3m}, {@code 5h}, {@code 2d}. */
    public static String age(Duration duration) {
        long seconds = Math.max(0, duration.toSeconds());
        if (seconds < 120) {
            return seconds + "s";
        }
        return seconds < 7200 ? seconds / 60 + "m" : seconds < 172_800 ? seconds / 3600 + "h" : seconds / 86_400 + "d";
    }
}
