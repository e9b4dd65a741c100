package dev.omnibus.spring.internal;

import java.time.Duration;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.ConfigurableBeanFactory;
import org.springframework.boot.convert.DurationStyle;

/** A reader of what annotations say as text: placeholders, numbers, durations. */
record Texts(ConfigurableBeanFactory beans) {

    /** Without its placeholders. */
    String text(String said) {
        String resolved = beans.resolveEmbeddedValue(said);
        return resolved == null ? "" : resolved.strip();
    }

    @Nullable
    Integer number(String attribute, String said) {
        return read(attribute, said, "a number", Integer::valueOf);
    }

    @Nullable
    Duration duration(String attribute, String said) {
        return read(attribute, said, "a duration, such as 100ms", DurationStyle::detectAndParse);
    }

    @Nullable
    Boolean flag(String attribute, String said) {
        return read(attribute, said, "true or false", text -> switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException(text);
        });
    }

    private <T> @Nullable T read(String attribute, String said, String wanted, Function<String, T> parser) {
        String text = text(said);
        try {
            return text.isEmpty() ? null : parser.apply(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(attribute + " is \"" + text + "\"; it must be " + wanted, e);
        }
    }
}
