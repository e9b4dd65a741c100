package dev.omnibus.transport.redisson.stream;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.omnibus.transport.StreamEntry;
import dev.omnibus.transport.StreamEntry.Attempts;
import dev.omnibus.transport.StreamId;
import dev.omnibus.transport.StreamServer;
import dev.omnibus.transport.StreamSettings;
import dev.omnibus.transport.StreamSettings.WhenFull;
import dev.omnibus.transport.StreamStatus;
import dev.omnibus.transport.Streams.DeadLetter;
import dev.omnibus.transport.Streams.Description;
import dev.omnibus.transport.Streams.Loss;
import dev.omnibus.transport.Streams.TakeOver;
import dev.omnibus.transport.Streams.Trimmed;
import dev.omnibus.transport.Streams.Turn;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.redisson.api.stream.StreamMessageId;

/** A reader of what Redis answers about streams, and the form in which settings are stored. */
final class Answers {

    private static final String OPTION = "opt.";

    private Answers() {}

    static String text(@Nullable Object bytes) {
        return bytes == null ? "" : new String((byte[]) bytes, UTF_8);
    }

    private static long number(@Nullable Object answer) {
        return answer == null ? 0 : (Long) answer;
    }

    @SuppressWarnings("unchecked")
    static List<Object> list(@Nullable Object answer) {
        return answer == null ? List.of() : (List<Object>) answer;
    }

    static Optional<StreamId> id(@Nullable Object bytes) {
        return bytes == null ? Optional.empty() : Optional.of(StreamId.parse(text(bytes)));
    }

    /** The positions of entries, by their sequences; where there is none, it is left out. */
    static Map<Long, StreamId> positions(long first, @Nullable Object answer) {
        Map<Long, StreamId> positions = new HashMap<>();
        List<Object> ids = list(answer);
        for (int i = 0; i < ids.size(); i++) {
            long sequence = first + i;
            id(ids.get(i)).ifPresent(id -> positions.put(sequence, id));
        }
        return positions;
    }

    /** Names and values in turn. */
    private static Map<String, Object> map(List<Object> pairs) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i + 1 < pairs.size(); i += 2) {
            map.put(text(pairs.get(i)), pairs.get(i + 1));
        }
        return map;
    }

    /** Settings as they are stored: names and values in turn. */
    static List<Object> fields(StreamSettings settings) {
        Map<String, String> fields = new TreeMap<>();
        fields.put("maxEntries", Long.toString(settings.maxEntries()));
        fields.put("maxBytes", Long.toString(settings.maxBytes()));
        fields.put("keep", Long.toString(settings.keep().toMillis()));
        fields.put(
                "maxAge",
                settings.maxAge().map(age -> Long.toString(age.toMillis())).orElse(""));
        fields.put("whenFull", settings.whenFull().name());
        fields.put("fullAt", Long.toString(settings.maxEntries()));
        fields.put("limit", Long.toString(limit(settings)));
        settings.options().forEach((name, value) -> fields.put(OPTION + name, value));
        List<Object> pairs = new ArrayList<>();
        fields.forEach((name, value) -> {
            pairs.add(name);
            pairs.add(value);
        });
        return pairs;
    }

    /** When the oldest entries go, there is room for some until somebody trims. */
    private static long limit(StreamSettings settings) {
        long max = settings.maxEntries();
        return settings.whenFull() == WhenFull.REFUSE ? max : max + Math.max(100, max / 10);
    }

    /** Empty if nobody has opened it; fails if it has been spoilt. */
    static Optional<Description> description(Map<String, String> fields, boolean created) {
        String epoch = fields.get("epoch");
        if (epoch == null) {
            return Optional.empty();
        }
        Map<String, String> options = fields.entrySet().stream()
                .filter(field -> field.getKey().startsWith(OPTION))
                .collect(Collectors.toMap(field -> field.getKey().substring(OPTION.length()), Map.Entry::getValue));
        String maxAge = fields.getOrDefault("maxAge", "");
        StreamSettings settings = new StreamSettings(
                Long.parseLong(fields.getOrDefault("maxEntries", "")),
                Long.parseLong(fields.getOrDefault("maxBytes", "")),
                Duration.ofMillis(Long.parseLong(fields.getOrDefault("keep", "0"))),
                maxAge.isEmpty() ? Optional.empty() : Optional.of(Duration.ofMillis(Long.parseLong(maxAge))),
                WhenFull.valueOf(fields.getOrDefault("whenFull", "")),
                options);
        return Optional.of(new Description(epoch, settings, created));
    }

    static Optional<Description> opened(List<Object> answer) {
        return description(texts(list(answer.get(1))), number(answer.get(0)) == 1);
    }

    private static Map<String, String> texts(List<Object> pairs) {
        Map<String, String> texts = new LinkedHashMap<>();
        map(pairs).forEach((name, value) -> texts.put(name, text(value)));
        return texts;
    }

    static Map<String, String> texts(Map<byte[], byte[]> fields) {
        Map<String, String> texts = new LinkedHashMap<>();
        fields.forEach((name, value) -> texts.put(text(name), text(value)));
        return texts;
    }

    static StreamId id(StreamMessageId id) {
        return new StreamId(id.getId0(), id.getId1());
    }

    static StreamMessageId id(StreamId id) {
        return new StreamMessageId(id.millis(), id.sequence());
    }

    /** What was read by a plain command, by nobody before. */
    static List<StreamEntry> entries(Map<StreamMessageId, Map<byte[], byte[]>> found) {
        List<StreamEntry> entries = new ArrayList<>(found.size());
        found.forEach((id, fields) -> {
            byte[] event = null;
            boolean repaired = false;
            Optional<String> onlyFor = Optional.empty();
            for (Map.Entry<byte[], byte[]> field : fields.entrySet()) {
                byte[] name = field.getKey();
                switch (name.length == 1 ? name[0] : 0) {
                    case 'e' -> event = field.getValue();
                    case 'r' -> repaired = true;
                    case 'g' -> onlyFor = Optional.of(text(field.getValue()));
                    default -> {
                        // what somebody else has added
                    }
                }
            }
            entries.add(new StreamEntry(id(id), event, repaired, onlyFor, Attempts.NONE));
        });
        return entries;
    }

    /** As the function "entry" of the scripts has it. */
    static List<StreamEntry> entries(List<Object> answers) {
        List<StreamEntry> entries = new ArrayList<>(answers.size());
        for (Object one : answers) {
            List<Object> answer = list(one);
            byte @Nullable [] group = (byte @Nullable []) answer.get(3);
            entries.add(new StreamEntry(
                    StreamId.parse(text(answer.get(0))),
                    (byte @Nullable []) answer.get(1),
                    number(answer.get(2)) == 1,
                    group == null ? Optional.empty() : Optional.of(text(group)),
                    Attempts.of(number(answer.get(4)))));
        }
        return entries;
    }

    static TakeOver takeOver(List<Object> answer) {
        List<Object> lost = list(answer.get(3));
        Set<String> candidates =
                list(answer.get(6)).stream().map(Answers::text).collect(Collectors.toUnmodifiableSet());
        return new TakeOver(
                number(answer.get(0)) == 1,
                entries(list(answer.get(4))),
                number(answer.get(1)) == 1,
                list(answer.get(2)).stream().map(Answers::text).collect(Collectors.toUnmodifiableSet()),
                lost.isEmpty()
                        ? Optional.empty()
                        : Optional.of(new Loss(
                                StreamId.parse(text(lost.get(0))),
                                StreamId.parse(text(lost.get(1))),
                                Long.parseLong(text(lost.get(2))))),
                number(answer.get(5)) == 1,
                candidates);
    }

    static Turn turn(List<Object> answer) {
        return new Turn(number(answer.get(0)), entries(list(answer.get(1))));
    }

    static List<DeadLetter> deadLetters(Map<StreamMessageId, Map<byte[], byte[]>> found) {
        List<DeadLetter> letters = new ArrayList<>(found.size());
        found.forEach((id, bytes) -> {
            Map<String, byte[]> fields = new LinkedHashMap<>();
            bytes.forEach((name, value) -> fields.put(text(name), value));
            String tries = text(fields.get("tries"));
            letters.add(new DeadLetter(
                    id(id),
                    id(fields.get("id")).orElse(StreamId.EARLIEST),
                    fields.get("e"),
                    text(fields.get("why")),
                    tries.isEmpty() ? Attempts.NONE : Attempts.of(Long.parseLong(tries))));
        });
        return letters;
    }

    static Trimmed trimmed(List<Object> answer) {
        if (number(answer.get(0)) == 0) {
            return new Trimmed(false, 0, false, 0, 0, 0, Map.of());
        }
        Map<String, Long> lost = new LinkedHashMap<>();
        map(list(answer.get(6))).forEach((group, count) -> lost.merge(group, number(count), Long::sum));
        return new Trimmed(
                true,
                number(answer.get(1)),
                number(answer.get(2)) == 1,
                number(answer.get(3)),
                number(answer.get(4)),
                number(answer.get(5)),
                Map.copyOf(lost));
    }

    static StreamStatus status(List<Object> answer) {
        Map<String, StreamId> followers = new LinkedHashMap<>();
        map(list(answer.get(6))).forEach((name, at) -> followers.put(name, StreamId.parse(text(at))));
        Map<String, StreamStatus.Group> groups = new LinkedHashMap<>();
        for (Object one : list(answer.get(7))) {
            List<Object> group = list(one);
            Map<String, Boolean> consumers = new LinkedHashMap<>();
            map(list(group.get(6))).forEach((name, lives) -> consumers.put(name, number(lives) == 1));
            groups.put(
                    text(group.get(0)),
                    new StreamStatus.Group(
                            group.get(1) instanceof Long lag ? OptionalLong.of(lag) : OptionalLong.empty(),
                            number(group.get(2)),
                            number(group.get(3)),
                            id(group.get(4)),
                            number(group.get(5)),
                            consumers));
        }
        return new StreamStatus(
                number(answer.get(0)),
                number(answer.get(1)),
                number(answer.get(2)),
                id(answer.get(3)),
                StreamId.parse(text(answer.get(4))),
                number(answer.get(5)),
                groups,
                followers,
                true);
    }

    static StreamServer server(List<Object> sections) {
        Map<String, String> facts = new LinkedHashMap<>();
        for (Object section : sections) {
            text(section).lines().forEach(line -> {
                int colon = line.indexOf(':');
                if (colon > 0) {
                    facts.put(
                            line.substring(0, colon), line.substring(colon + 1).trim());
                }
            });
        }
        return new StreamServer(
                Optional.ofNullable(facts.get("maxmemory_policy")),
                count(facts.get("maxmemory")),
                count(facts.get("used_memory")),
                Optional.ofNullable(facts.get("aof_enabled")).map("1"::equals),
                count(facts.get("connected_slaves")),
                Optional.ofNullable(facts.get("master_replid")));
    }

    private static OptionalLong count(@Nullable String fact) {
        return fact == null ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(fact));
    }
}
