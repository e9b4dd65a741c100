package dev.omnibus.rpc;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.omnibus.rpc.Kinds.Bean;
import dev.omnibus.rpc.Kinds.Box;
import dev.omnibus.rpc.Kinds.Built;
import dev.omnibus.rpc.Kinds.ByName;
import dev.omnibus.rpc.Kinds.Circle;
import dev.omnibus.rpc.Kinds.Color;
import dev.omnibus.rpc.Kinds.Compact;
import dev.omnibus.rpc.Kinds.Deduced;
import dev.omnibus.rpc.Kinds.External;
import dev.omnibus.rpc.Kinds.Flexible;
import dev.omnibus.rpc.Kinds.InArray;
import dev.omnibus.rpc.Kinds.InObject;
import dev.omnibus.rpc.Kinds.Kept;
import dev.omnibus.rpc.Kinds.Level;
import dev.omnibus.rpc.Kinds.Money;
import dev.omnibus.rpc.Kinds.Page;
import dev.omnibus.rpc.Kinds.Pair;
import dev.omnibus.rpc.Kinds.Ranked;
import dev.omnibus.rpc.Kinds.Ring;
import dev.omnibus.rpc.Kinds.Shape;
import dev.omnibus.rpc.Kinds.Spelled;
import dev.omnibus.rpc.Kinds.Square;
import dev.omnibus.rpc.Kinds.Tree;
import dev.omnibus.rpc.Kinds.User;
import dev.omnibus.rpc.Kinds.Users;
import dev.omnibus.rpc.Kinds.Wrapped;
import java.io.File;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.MonthDay;
import java.time.OffsetDateTime;
import java.time.OffsetTime;
import java.time.Period;
import java.time.Year;
import java.time.YearMonth;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.ArrayList;
import java.util.Calendar;
import java.util.Collection;
import java.util.Currency;
import java.util.Date;
import java.util.Deque;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.GregorianCalendar;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.LinkedList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Properties;
import java.util.Queue;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TimeZone;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;

/** A value of every type that there is in the JDK, and of every kind that a program makes. */
@SuppressWarnings({"NonApiType", "JdkObsolete", "JavaUtilDate", "UnnecessaryStringBuilder"}) // they are the subject
final class EveryType {

    @ServiceName("all")
    interface All {
        int anInt(int value);

        long aLong(long value);

        short aShort(short value);

        byte aByte(byte value);

        char aChar(char value);

        boolean aBoolean(boolean value);

        float aFloat(float value);

        double aDouble(double value);

        Integer integer(Integer value);

        Long boxedLong(Long value);

        Short boxedShort(Short value);

        Byte boxedByte(Byte value);

        Character character(Character value);

        Boolean boxedBoolean(Boolean value);

        Float boxedFloat(Float value);

        Double boxedDouble(Double value);

        BigDecimal bigDecimal(BigDecimal value);

        BigInteger bigInteger(BigInteger value);

        Number number(Number value);

        String string(String value);

        CharSequence charSequence(CharSequence value);

        StringBuilder stringBuilder(StringBuilder value);

        char[] chars(char[] value);

        byte[] bytes(byte[] value);

        ByteBuffer byteBuffer(ByteBuffer value);

        int[] ints(int[] value);

        long[] longs(long[] value);

        short[] shorts(short[] value);

        float[] floats(float[] value);

        double[] doubles(double[] value);

        boolean[] booleans(boolean[] value);

        String[] strings(String[] value);

        Instant[][] instants(Instant[][] value);

        List<Byte> listOfBytes(List<Byte> value);

        ArrayList<Long> arrayList(ArrayList<Long> value);

        LinkedList<Float> linkedList(LinkedList<Float> value);

        Collection<Short> collection(Collection<Short> value);

        Iterable<Long> iterable(Iterable<Long> value);

        Set<LocalDate> set(Set<LocalDate> value);

        SortedSet<Long> sortedSet(SortedSet<Long> value);

        NavigableSet<UUID> navigableSet(NavigableSet<UUID> value);

        TreeSet<String> treeSet(TreeSet<String> value);

        LinkedHashSet<URI> linkedHashSet(LinkedHashSet<URI> value);

        Queue<Long> queue(Queue<Long> value);

        Deque<Long> deque(Deque<Long> value);

        EnumSet<DayOfWeek> enumSet(EnumSet<DayOfWeek> value);

        Map<String, Long> map(Map<String, Long> value);

        SortedMap<String, Short> sortedMap(SortedMap<String, Short> value);

        NavigableMap<LocalDate, Byte> navigableMap(NavigableMap<LocalDate, Byte> value);

        TreeMap<Long, Instant> treeMap(TreeMap<Long, Instant> value);

        LinkedHashMap<UUID, Duration> linkedHashMap(LinkedHashMap<UUID, Duration> value);

        ConcurrentMap<URI, Period> concurrentMap(ConcurrentMap<URI, Period> value);

        EnumMap<DayOfWeek, List<BigDecimal>> enumMap(EnumMap<DayOfWeek, List<BigDecimal>> value);

        Map<TimeUnit, Optional<Long>> mapOfOptionals(Map<TimeUnit, Optional<Long>> value);

        Map<ZonedDateTime, Integer> mapOfTimes(Map<ZonedDateTime, Integer> value);

        Map<Boolean, Map<Integer, Character>> mapOfMaps(Map<Boolean, Map<Integer, Character>> value);

        Map.Entry<String, Long> entry(Map.Entry<String, Long> value);

        Properties properties(Properties value);

        Optional<Long> optional(Optional<Long> value);

        Optional<String> noOptional(Optional<String> value);

        Optional<List<User>> optionalOfList(Optional<List<User>> value);

        List<Optional<Instant>> listOfOptionals(List<Optional<Instant>> value);

        OptionalInt optionalInt(OptionalInt value);

        OptionalInt[] optionalInts(OptionalInt[] value);

        OptionalLong optionalLong(OptionalLong value);

        OptionalDouble optionalDouble(OptionalDouble value);

        AtomicInteger atomicInteger(AtomicInteger value);

        AtomicLong atomicLong(AtomicLong value);

        AtomicBoolean atomicBoolean(AtomicBoolean value);

        AtomicReference<Long> atomicReference(AtomicReference<Long> value);

        Instant instant(Instant value);

        LocalDate localDate(LocalDate value);

        LocalTime localTime(LocalTime value);

        LocalDateTime localDateTime(LocalDateTime value);

        OffsetDateTime offsetDateTime(OffsetDateTime value);

        OffsetTime offsetTime(OffsetTime value);

        ZonedDateTime zonedDateTime(ZonedDateTime value);

        Year year(Year value);

        YearMonth yearMonth(YearMonth value);

        MonthDay monthDay(MonthDay value);

        DayOfWeek dayOfWeek(DayOfWeek value);

        Duration duration(Duration value);

        Period period(Period value);

        ZoneId zoneId(ZoneId value);

        ZoneOffset zoneOffset(ZoneOffset value);

        Date date(Date value);

        Calendar calendar(Calendar value);

        GregorianCalendar gregorianCalendar(GregorianCalendar value);

        TimeZone timeZone(TimeZone value);

        UUID uuid(UUID value);

        URI uri(URI value);

        URL url(URL value);

        Currency currency(Currency value);

        Locale locale(Locale value);

        Charset charset(Charset value);

        Pattern pattern(Pattern value);

        File file(File value);

        Path path(Path value);

        Color color(Color value);

        User user(User value);

        Bean bean(Bean value);

        Box<List<Long>> box(Box<List<Long>> value);

        Box<Box<Color>> boxOfBox(Box<Box<Color>> value);

        Tree tree(Tree value);

        Shape shape(Shape value);

        List<Shape> shapes(List<Shape> value);

        Map<Color, Box<Shape>> boxesOfShapes(Map<Color, Box<Shape>> value);

        Optional<Shape> optionalShape(Optional<Shape> value);

        Shape[] arrayOfShapes(Shape[] value);

        JsonNode node(JsonNode value);

        ObjectNode objectNode(ObjectNode value);

        Optional<Long>[] arrayOfOptionals(Optional<Long>[] value);

        List<Short>[] arrayOfLists(List<Short>[] value);

        Page<Long> page(Page<Long> value);

        Pair<Color, Pair<Long, Shape>> pair(Pair<Color, Pair<Long, Shape>> value);

        Users users(Users value);

        Ranked<Long> ranked(Ranked<Long> value);

        Money money(Money value);

        Built built(Built value);

        Deduced deduced(Deduced value);

        Wrapped wrapped(Wrapped value);

        List<Wrapped> listOfWrapped(List<Wrapped> value);

        External external(External value);

        Compact compact(Compact value);

        Level level(Level value);

        Map<Level, Level> mapOfLevels(Map<Level, Level> value);

        Spelled spelled(Spelled value);

        Flexible flexible(Flexible value);

        Kept kept(Kept value);

        List<? extends Number> wildcard(List<? extends Number> value);
    }

    /** Some of them, to come later. */
    @ServiceName("later")
    interface Later {
        CompletionStage<Long> aLong(long value);

        CompletionStage<BigDecimal> bigDecimal(BigDecimal value);

        CompletionStage<byte[]> bytes(byte[] value);

        CompletionStage<EnumMap<DayOfWeek, List<BigDecimal>>> enumMap(EnumMap<DayOfWeek, List<BigDecimal>> value);

        CompletionStage<Optional<Long>> optional(Optional<Long> value);

        CompletionStage<Optional<String>> noOptional(Optional<String> value);

        CompletionStage<List<Optional<Instant>>> listOfOptionals(List<Optional<Instant>> value);

        CompletionStage<OptionalInt> optionalInt(OptionalInt value);

        CompletionStage<ZonedDateTime> zonedDateTime(ZonedDateTime value);

        CompletionStage<User> user(User value);

        CompletionStage<Box<Box<Color>>> boxOfBox(Box<Box<Color>> value);

        CompletionStage<Shape> shape(Shape value);

        CompletionStage<List<Shape>> shapes(List<Shape> value);
    }

    static final Map<String, Object> VALUES = new LinkedHashMap<>();

    static {
        VALUES.put("anInt", Integer.MIN_VALUE);
        VALUES.put("aLong", Long.MAX_VALUE);
        VALUES.put("aShort", Short.MIN_VALUE);
        VALUES.put("aByte", Byte.MIN_VALUE);
        VALUES.put("aChar", 'ß');
        VALUES.put("aBoolean", true);
        VALUES.put("aFloat", Float.MIN_VALUE);
        VALUES.put("aDouble", -0.0);
        VALUES.put("integer", 7);
        VALUES.put("boxedLong", 5L);
        VALUES.put("boxedShort", (short) 5);
        VALUES.put("boxedByte", (byte) 5);
        VALUES.put("character", '\'');
        VALUES.put("boxedBoolean", false);
        VALUES.put("boxedFloat", 1.1f);
        VALUES.put("boxedDouble", Double.MAX_VALUE);
        VALUES.put("bigDecimal", new BigDecimal("600.00"));
        VALUES.put("bigInteger", BigInteger.ONE.shiftLeft(16_384));
        VALUES.put("number", new BigDecimal("1.10"));
        VALUES.put("string", "\ud83d\ude00\u0000\n\"\u2028");
        VALUES.put("charSequence", "chars");
        VALUES.put("stringBuilder", new StringBuilder("built"));
        VALUES.put("chars", "chars".toCharArray());
        VALUES.put("bytes", new byte[] {0, -1, 127});
        VALUES.put("byteBuffer", ByteBuffer.wrap(new byte[] {0, -1}));
        VALUES.put("ints", new int[] {1, -1});
        VALUES.put("longs", new long[] {Long.MIN_VALUE});
        VALUES.put("shorts", new short[] {1});
        VALUES.put("floats", new float[] {0.1f});
        VALUES.put("doubles", new double[] {0.1, -0.0});
        VALUES.put("booleans", new boolean[] {true});
        VALUES.put("strings", new String[] {"a", ""});
        VALUES.put("instants", new Instant[][] {{Instant.EPOCH}, {}});
        VALUES.put("listOfBytes", List.of((byte) 1));
        VALUES.put("arrayList", new ArrayList<>(List.of(1L)));
        VALUES.put("linkedList", new LinkedList<>(List.of(1.5f)));
        VALUES.put("collection", List.of((short) 1));
        VALUES.put("iterable", List.of(1L));
        VALUES.put("set", Set.of(LocalDate.EPOCH));
        VALUES.put("sortedSet", new TreeSet<>(Set.of(2L, 1L)));
        VALUES.put("navigableSet", new TreeSet<>(Set.of(new UUID(1, 2))));
        VALUES.put("treeSet", new TreeSet<>(Set.of("b", "a")));
        VALUES.put("linkedHashSet", new LinkedHashSet<>(List.of(URI.create("urn:b"), URI.create("urn:a"))));
        VALUES.put("queue", new LinkedList<>(List.of(1L)));
        VALUES.put("deque", new LinkedList<>(List.of(1L)));
        VALUES.put("enumSet", EnumSet.of(DayOfWeek.FRIDAY));
        VALUES.put("map", Map.of("", 1L));
        VALUES.put("sortedMap", new TreeMap<>(Map.of("a", (short) 1)));
        VALUES.put("navigableMap", new TreeMap<>(Map.of(LocalDate.EPOCH, (byte) 1)));
        VALUES.put("treeMap", new TreeMap<>(Map.of(1L, Instant.EPOCH)));
        VALUES.put("linkedHashMap", new LinkedHashMap<>(Map.of(new UUID(3, 4), Duration.ofNanos(1))));
        VALUES.put("concurrentMap", new ConcurrentHashMap<>(Map.of(URI.create("urn:a"), Period.ofDays(1))));
        VALUES.put("enumMap", new EnumMap<>(Map.of(DayOfWeek.MONDAY, List.of(new BigDecimal("1.0")))));
        VALUES.put("mapOfOptionals", Map.of(TimeUnit.DAYS, Optional.of(1L), TimeUnit.HOURS, Optional.empty()));
        VALUES.put("mapOfTimes", Map.of(ZonedDateTime.parse("2026-03-29T10:00+02:00[Europe/Berlin]"), 1));
        VALUES.put("mapOfMaps", Map.of(true, Map.of(-1, 'a')));
        VALUES.put("entry", Map.entry("a", 1L));
        VALUES.put("properties", properties());
        VALUES.put("optional", Optional.of(5L));
        VALUES.put("noOptional", Optional.empty());
        VALUES.put("optionalOfList", Optional.of(List.of(new User("a", 1))));
        VALUES.put("listOfOptionals", List.of(Optional.of(Instant.EPOCH), Optional.empty()));
        VALUES.put("optionalInt", OptionalInt.of(1));
        VALUES.put("optionalInts", new OptionalInt[] {OptionalInt.of(1), OptionalInt.empty()});
        VALUES.put("optionalLong", OptionalLong.empty());
        VALUES.put("optionalDouble", OptionalDouble.of(0.5));
        VALUES.put("atomicInteger", new AtomicInteger(1));
        VALUES.put("atomicLong", new AtomicLong(1));
        VALUES.put("atomicBoolean", new AtomicBoolean(true));
        VALUES.put("atomicReference", new AtomicReference<>(1L));
        VALUES.put("instant", Instant.ofEpochSecond(253_402_300_799L, 1));
        VALUES.put("localDate", LocalDate.of(1, 2, 28));
        VALUES.put("localTime", LocalTime.of(23, 59, 59, 999_999_999));
        VALUES.put("localDateTime", LocalDateTime.of(2026, 1, 1, 0, 0));
        VALUES.put("offsetDateTime", OffsetDateTime.parse("2026-03-29T10:00:00.5-05:30"));
        VALUES.put("offsetTime", OffsetTime.parse("10:00+01:00"));
        VALUES.put("zonedDateTime", ZonedDateTime.parse("2026-10-25T02:30+01:00[Europe/Berlin]"));
        VALUES.put("year", Year.of(12_026));
        VALUES.put("yearMonth", YearMonth.of(2026, 3));
        VALUES.put("monthDay", MonthDay.of(2, 29));
        VALUES.put("dayOfWeek", DayOfWeek.SUNDAY);
        VALUES.put("duration", Duration.ofSeconds(-1, 5));
        VALUES.put("period", Period.of(1, -2, 30));
        VALUES.put("zoneId", ZoneId.of("Europe/Berlin"));
        VALUES.put("zoneOffset", ZoneOffset.of("+05:30"));
        VALUES.put("date", new Date(1_500));
        VALUES.put("calendar", calendar());
        VALUES.put("gregorianCalendar", calendar());
        VALUES.put("timeZone", TimeZone.getTimeZone("Europe/Berlin"));
        VALUES.put("uuid", new UUID(5, 6));
        VALUES.put("uri", URI.create("https://example.org/a?b=%20"));
        VALUES.put("url", url());
        VALUES.put("currency", Currency.getInstance("EUR"));
        VALUES.put("locale", Locale.forLanguageTag("de-CH-1996"));
        VALUES.put("charset", StandardCharsets.UTF_16);
        VALUES.put("pattern", Pattern.compile("a+"));
        VALUES.put("file", new File("/a/b"));
        VALUES.put("path", Path.of("/a/b"));
        VALUES.put("color", Color.GREEN);
        VALUES.put("user", new User("a", 5));
        VALUES.put("bean", new Bean(List.of(new BigDecimal("1.50"))));
        VALUES.put("box", new Box<>(List.of(1L)));
        VALUES.put("boxOfBox", new Box<>(new Box<>(Color.RED)));
        VALUES.put("tree", new Tree("a", List.of(new Tree("b", List.of()))));
        VALUES.put("shape", new Circle(1.5));
        VALUES.put("shapes", List.of(new Circle(1), new Square(2)));
        VALUES.put("boxesOfShapes", Map.of(Color.RED, new Box<>(new Square(1))));
        VALUES.put("optionalShape", Optional.of(new Square(1)));
        VALUES.put("arrayOfShapes", new Shape[] {new Circle(1)});
        VALUES.put("node", JsonNodeFactory.instance.objectNode().put("a", 1));
        VALUES.put("objectNode", JsonNodeFactory.instance.objectNode().put("a", "b"));
        VALUES.put("arrayOfOptionals", new Optional<?>[] {Optional.of(1L), Optional.empty()});
        VALUES.put("arrayOfLists", new List<?>[] {List.of((short) 1)});
        VALUES.put("page", new Page<>(List.of(1L), Optional.of(new Page<>(List.of(), Optional.empty()))));
        VALUES.put("pair", new Pair<>(Color.RED, new Pair<>(1L, new Circle(1))));
        VALUES.put("users", new Users(List.of(new User("a", 1))));
        VALUES.put("ranked", new Ranked<>(1L));
        VALUES.put("money", new Money(new BigDecimal("1.50")));
        VALUES.put("built", new Built("a", 1));
        VALUES.put("deduced", new ByName("a"));
        VALUES.put("wrapped", new InObject(1));
        VALUES.put("listOfWrapped", List.of(new InArray(1), new InObject(2)));
        VALUES.put("external", new External(new Ring(1)));
        VALUES.put("compact", new Compact("a", 1));
        VALUES.put("level", Level.HIGH);
        VALUES.put("mapOfLevels", Map.of(Level.HIGH, Level.LOW));
        VALUES.put("spelled", Spelled.BOTH);
        VALUES.put("flexible", new Flexible(Map.of("a", 1L)));
        VALUES.put("kept", new Kept("a", new User("b", 2)));
        VALUES.put("wildcard", List.of(new BigDecimal("1.5")));
    }

    private EveryType() {}

    private static Properties properties() {
        Properties properties = new Properties();
        properties.setProperty("a", "b");
        return properties;
    }

    private static GregorianCalendar calendar() {
        GregorianCalendar calendar = new GregorianCalendar(TimeZone.getTimeZone("UTC"), Locale.ROOT);
        calendar.setTimeInMillis(1_500);
        return calendar;
    }

    private static URL url() {
        try {
            return URI.create("https://example.org/").toURL();
        } catch (MalformedURLException e) {
            throw new IllegalStateException(e);
        }
    }
}
