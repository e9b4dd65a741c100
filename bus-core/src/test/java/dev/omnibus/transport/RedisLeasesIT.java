package dev.omnibus.transport;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.testing.RedisServer;
import dev.omnibus.transport.redisson.RedissonTransport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** The leases in Redis, of users who may run scripts, of those who may not, and of both together. */
class RedisLeasesIT {

    private static final Pattern EXISTS = Pattern.compile("cmdstat_exists:calls=(\\d+)");

    private static final Duration LONG = Duration.ofSeconds(30);
    private static RedisServer redis;

    @BeforeAll
    static void startRedis() {
        redis = RedisServer.start();
        redis.command("ACL", "SETUSER", "plain", "on", ">pw", "~*", "&*", "+@all", "-@scripting");
    }

    @AfterAll
    static void stopRedis() {
        redis.close();
    }

    private static Transport plainly() {
        return RedissonTransport.connect("redis://plain:pw@127.0.0.1:" + redis.port());
    }

    @Nested
    class WithScripts extends LeaseContract {

        @Override
        Transport connect() {
            return RedissonTransport.connect(redis.url());
        }

        @Override
        void forget() {
            redis.command("FLUSHALL");
        }

        @Override
        void command(List<String> words) {
            RedisLeasesIT.command(words);
        }

        @Test
        void aRenewalAloneChangesNothing() {
            write(here, index, a, "one", LONG);
            long version = there.leases(index, 0).join().version();

            write(here, index, a, "one", LONG);

            assertEquals(
                    LeaseUpdate.unchanged(version), there.leases(index, version).join());
        }

        @Test
        void manyWhoHaveMissedAChangeHaveAllLeasesCheckedOnce() {
            for (int i = 0; i < 20; i++) {
                write(here, index, a + i, "one", LONG);
            }
            long version = there.leases(index, 0).join().version();
            write(here, index, b, "two", LONG);
            long before = checks();
            for (int i = 0; i < 100; i++) {
                assertEquals(
                        Map.of(b, "two"), texts(there.leases(index, version).join()));
            }
            long after = checks();
            assertTrue(after - before < 50, () -> (after - before) + " checks"); // one in 0.9 s
        }

        private long checks() {
            Matcher calls = EXISTS.matcher(String.valueOf(redis.command("INFO", "commandstats")));
            return calls.find() ? Long.parseLong(calls.group(1)) : 0;
        }

        @Test
        void nothingStaysThatDoesNotExpire() {
            write(here, index, a, "one", Duration.ofSeconds(2));
            there.leases(index, 0).join();
            List<?> keys = assertInstanceOf(List.class, redis.command("KEYS", index + "*"));
            assertEquals(5, keys.size());

            await().atMost(Duration.ofSeconds(40)).until(() -> List.of().equals(redis.command("KEYS", index + "*")));
        }

        @Test
        void anIndexThatIsLostAloneIsWrittenAgain() {
            write(here, index, a, "one", LONG);
            redis.command("DEL", index);
            await().until(() -> standing(there, index).isEmpty());

            await().until(() -> {
                write(here, index, a, "one", LONG);
                return standing(there, index).equals(Set.of(a));
            });
        }

        @Test
        void theScriptIsLoadedAgainWhenRedisHasForgottenIt() {
            write(here, index, a, "one", LONG);
            redis.command("SCRIPT", "FLUSH");
            write(here, index, a, "one", LONG);
            assertEquals(Set.of(a), standing(there, index));
        }

        @Test
        void aReaderGetsWhatHasChangedAndNoMore() {
            aReaderGetsOnlyWhatHasChanged();
        }

        @Test
        void aReaderIsToldHowLongAgoAnEntryHasEnded() {
            aReaderIsToldHowLongAgoItWasNoticedThatAnEntryHasEnded();
        }

        @Test
        void aReaderWhoHasMissedMuchForgetsWhoIsGone() {
            aReaderThatHasMissedTooMuchGetsAll();
        }

        @Test
        void whatIsNoListAndNoLeaseIsRepairedOrSkipped() {
            for (List<String> wrong : wrongs(index)) {
                heals(wrong);
            }
        }

        @Test
        void theVersionGoesUpAlthoughTheClockOfRedisStandsOrGoesBack() {
            long future = 4_000_000_000_000_000L;
            redis.command("SET", index + ":version:{" + index + "}", String.valueOf(future));

            write(here, index, a, "one", LONG);
            write(here, index, b, "two", LONG);

            LeaseUpdate leases = there.leases(index, future).join();
            assertEquals(future + 2, leases.version());
            assertEquals(Map.of(a, "one", b, "two"), texts(leases));
        }
    }

    @Nested
    class WithoutScripts extends LeaseContract {

        @Override
        Transport connect() {
            return plainly();
        }

        @Test
        void whatIsNoListAndNoLeaseIsRepairedOrSkipped() {
            for (List<String> wrong : wrongs(index)) {
                heals(wrong);
            }
        }

        @Override
        void forget() {
            redis.command("FLUSHALL");
        }

        @Override
        void command(List<String> words) {
            RedisLeasesIT.command(words);
        }
    }

    private static void command(List<String> words) {
        if (!List.of("SET", "DEL", "ZADD", "ZREM").contains(words.get(0))) {
            redis.command("DEL", words.get(1));
        }
        redis.command(words.toArray(String[]::new));
    }

    /** Commands that put something else where the leases are; for {@code b}'s own key, and for those of the lists. */
    private static List<List<String>> wrongs(String index) {
        List<List<String>> wrongs = new ArrayList<>();
        String long10 = "x".repeat(10_000_000);
        for (String place : List.of(
                index,
                index + ":changes:{" + index + "}",
                index + ":version:{" + index + "}",
                index + ":checked:{" + index + "}",
                index + ":{" + index + "}:b")) {
            for (String text :
                    List.of("x", "", "{}", "1e308", "-7", "99999999999999999999", "0x10", "\0\1\377", long10)) {
                wrongs.add(List.of("SET", place, text));
            }
            wrongs.add(List.of("RPUSH", place, "x"));
            wrongs.add(List.of("HSET", place, "x", "y"));
            wrongs.add(List.of("SADD", place, "x"));
            wrongs.add(List.of("XADD", place, "*", "x", "y"));
        }
        for (String list : List.of(index, index + ":changes:{" + index + "}")) {
            for (String member : List.of(
                    "x",
                    "{other}:x",
                    "",
                    "{" + index + "}",
                    index,
                    index + ":changes:{" + index + "}",
                    index + ":version:{" + index + "}",
                    index + ":{" + index + "}:b")) {
                for (String score : List.of("-inf", "-1", "0", "1", "1e308", "+inf")) {
                    wrongs.add(List.of("ZADD", list, score, member));
                }
            }
            wrongs.add(List.of("DEL", list));
        }
        wrongs.add(List.of("DEL", index + ":version:{" + index + "}"));
        wrongs.add(List.of("DEL", index + ":{" + index + "}:b"));
        wrongs.add(List.of("ZREM", index, index + ":{" + index + "}:b"));
        return wrongs;
    }

    @Nested
    class Together extends LeaseContract {

        private boolean scripts;

        @Override
        Transport connect() {
            scripts = !scripts;
            return scripts ? RedissonTransport.connect(redis.url()) : plainly();
        }

        @Override
        void forget() {
            redis.command("FLUSHALL");
        }

        @Override
        void command(List<String> words) {
            RedisLeasesIT.command(words);
        }

        @Test
        void whatIsWrittenPlainlyIsSeenOnceByTheScript() {
            write(there, index, b, "two", LONG);
            LeaseUpdate first = here.leases(index, 0).join();
            assertEquals(Map.of(b, "two"), texts(first));

            write(there, index, b, "two", LONG);

            assertEquals(
                    LeaseUpdate.unchanged(first.version()),
                    here.leases(index, first.version()).join());
        }

        @Test
        void aPlainLeaseThatExpiresOrEndsIsGoneForTheScriptToo() {
            write(there, index, a, "one", LONG);
            write(there, index, b, "two", Duration.ofMillis(200));
            long version = here.leases(index, 0).join().version();

            await().until(() -> standing(here, index).equals(Set.of(a)));
            there.endLease(index, a).join();

            assertTrue(here.leases(index, version).join().version() > version);
            assertEquals(Set.of(), standing(here, index));
        }

        @Test
        void whatAPlainReaderTakesOutIsNoticedByTheScript() {
            write(here, index, a, "one", LONG);
            long version = here.leases(index, 0).join().version();
            redis.command("DEL", a);

            await().until(() -> standing(there, index).isEmpty());

            await().until(() -> here.leases(index, version).join().version() > version);
            assertEquals(Set.of(), standing(here, index));
        }
    }
}
