package dev.omnibus.tools.cli.admin;

import dev.omnibus.internal.channel.ChannelNames;
import dev.omnibus.transport.QueueKeys;
import dev.omnibus.transport.StreamKeys;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The least rights of each role, as rules of {@code ACL SETUSER}, made of the names that a bus uses. The page
 * "Security" has the same lists, and tests hold both against each other and against Redis.
 *
 * @param names the naming scheme
 * @param user the user, and the name of its bus
 * @param topics topics or patterns
 * @param methods methods, or services with {@code .*} behind them
 * @param group a consumer group
 * @param cluster whether it is for a cluster
 */
record AccessRoles(
        ChannelNames names, String user, List<String> topics, List<String> methods, String group, boolean cluster) {

    /** Who does what. */
    enum Role {
        publisher,
        subscriber,
        caller,
        server,
        enqueuer,
        worker,
        watcher,
        console,
        appender,
        relay,
        consumer,
        follower;

        boolean needsTopics() {
            return this == publisher || this == subscriber || needsOneTopic();
        }

        boolean needsOneTopic() {
            return this == appender || this == relay || this == consumer || this == follower;
        }

        boolean needsMethods() {
            return this == caller || this == server || this == enqueuer || this == worker;
        }
    }

    private static final String ANY_ID = "-????????????"; // what follows the name in the id of a node
    private static final String A_NODE = "-k3xq7m2v9bca"; // one of these
    /** What every server answers besides its own methods. */
    private static final List<String> PROTOCOL = List.of("rpc.discover", "rpc.ping", "rpc.stats");

    private static final String READS_DIRECTORY = "+get +strlen +exists +zrange +zrangebyscore +zscore";
    private static final String WRITES_DIRECTORY = "+eval +evalsha +script|load +time +get +mget +set +strlen +exists"
            + " +pexpire +pttl +del +zadd +zrem +zcard +zscore +zrange +zrangebyscore +zrevrangebyscore";
    private static final String SUBSCRIBES = "+subscribe +unsubscribe +ssubscribe +sunsubscribe";
    private static final String ENQUEUES = "+eval +evalsha +script|load +time +exists +del +pexpire +hmget +hget +hset"
            + " +hdel +rpush +zadd +zcard +zrem +zrank +zscore +zrangebyscore +xadd +xlen +xrange +xdel +xack +xclaim"
            + " +xpending +xgroup|create +info";
    private static final String TAKES_QUEUED = "+eval +evalsha +script|load +time +exists +del +pexpire +hmget +hget"
            + " +hset +hdel +lpop +zadd +zrem +zscore +zrange +zrangebyscore +xadd +xlen +xrange +xdel +xack +xclaim"
            + " +xpending +xreadgroup +xgroup|create +xgroup|delconsumer +xinfo|consumers +info";
    private static final String PUBLISHES = "+publish +spublish";
    private static final String COUNTS = "+eval +evalsha +script|load +pubsub|numsub";

    private String inbox() {
        return names.inbox(user + ANY_ID);
    }

    private static String in(String... rules) {
        return "(" + String.join(" ", rules) + ")";
    }

    private static String all(String before, Stream<String> names) {
        return names.map(name -> before + name).collect(Collectors.joining(" "));
    }

    private Stream<String> globs() {
        return topics.stream()
                .map(topic -> names.event(topic.replace("**", "*")))
                .distinct();
    }

    private String topic() {
        return topics.get(0);
    }

    /** What follows the user in {@code ACL SETUSER}, but for the password. */
    List<String> rules(Role role) {
        List<String> rules = new ArrayList<>(List.of("resetchannels", "+ping"));
        switch (role) {
            case publisher -> {
                rules.add(in(SUBSCRIBES, "&" + inbox()));
                rules.add(in(PUBLISHES, "&" + inbox(), all("&", globs())));
            }
            case subscriber -> subscriber(rules);
            case caller -> caller(rules, methods);
            case server -> server(rules);
            case enqueuer -> enqueuer(rules);
            case worker -> worker(rules);
            case watcher -> watcher(rules);
            case console -> console(rules);
            case appender -> appender(rules);
            case relay -> relay(rules);
            case consumer -> consumer(rules);
            case follower -> follower(rules);
        }
        if (cluster) {
            rules.add("+cluster|nodes");
            rules.add("+pubsub|shardnumsub");
        }
        return rules;
    }

    private void subscriber(List<String> rules) {
        Stream<String> exact =
                topics.stream().filter(topic -> !topic.contains("*")).map(names::event);
        List<String> patterns = topics.stream()
                .filter(topic -> topic.contains("*"))
                .map(topic -> names.event(topic.replace("**", "*")))
                .distinct()
                .toList();
        String single = all("&", exact);
        rules.add(single.isEmpty() ? in(SUBSCRIBES, "&" + inbox()) : in(SUBSCRIBES, "&" + inbox(), single));
        if (!patterns.isEmpty()) {
            rules.add(in("+psubscribe +punsubscribe", all("&", patterns.stream())));
        }
        rules.add(in(PUBLISHES, "&" + inbox()));
    }

    private Stream<String> channels(List<String> called) {
        return called.stream().flatMap(method -> Stream.of(names.method(method), names.method(method, "*")));
    }

    private void caller(List<String> rules, List<String> called) {
        rules.addAll(List.of(READS_DIRECTORY.split(" ", -1)));
        rules.add("%R~" + names.prefix() + ":node*");
        rules.add(in(SUBSCRIBES, "&" + inbox(), "&" + names.presence()));
        rules.add(in(PUBLISHES, "&" + inbox(), all("&", channels(called))));
        rules.add(in(
                COUNTS,
                PUBLISHES,
                "&" + inbox(),
                all("&", channels(called)),
                "~" + inbox(),
                all("~", channels(called))));
    }

    private void server(List<String> rules) {
        String nodes = names.nodes();
        rules.addAll(List.of(WRITES_DIRECTORY.split(" ", -1)));
        rules.add("~" + nodes + "*");
        rules.add("%R~" + names.prefix() + ":node*");
        rules.add("~" + names.node(user + ANY_ID));
        String served = all("&", methods.stream().map(names::method));
        String protocol = all(
                "&",
                PROTOCOL.stream()
                        .flatMap(method -> Stream.of(names.method(method), names.method(method, user + ANY_ID))));
        rules.add(in(SUBSCRIBES, "&" + inbox(), "&" + names.presence(), served, protocol));
        rules.add(in(PUBLISHES, "&" + names.inbox("*"), "&" + names.presence()));
    }

    private Stream<QueueKeys> queues() {
        return methods.stream().map(names::queue);
    }

    /** Whoever enqueues calls waits for them too, and cancels them. */
    private void enqueuer(List<String> rules) {
        rules.add(in(SUBSCRIBES, "&" + inbox()));
        rules.add(in(PUBLISHES, "&" + inbox()));
        rules.add(in(ENQUEUES, all("~", queues().map(queue -> queue.queue() + "*"))));
        rules.add(in("+publish", all("&", queues().map(QueueKeys::notices))));
    }

    /** A server that also takes queued calls. */
    private void worker(List<String> rules) {
        server(rules);
        rules.add(in(TAKES_QUEUED, all("~", queues().map(queue -> queue.queue() + "*"))));
        rules.add(in("+publish +subscribe +unsubscribe", all("&", queues().map(QueueKeys::notices))));
    }

    private void watcher(List<String> rules) {
        rules.addAll(List.of(READS_DIRECTORY.split(" ", -1)));
        rules.add("%R~" + names.prefix() + ":node*");
        rules.add(in("+psubscribe +punsubscribe", all("&", watched())));
        rules.add(in(SUBSCRIBES, "&" + inbox(), "&" + names.presence()));
        rules.add(in(PUBLISHES, "&" + inbox()));
    }

    /** Redis compares patterns literally, so these are the very ones that a watch subscribes to. */
    private Stream<String> watched() {
        return Stream.concat(Stream.of(names.frames(), names.calls(), names.event("*")), globs())
                .distinct();
    }

    private void console(List<String> rules) {
        List<String> called = new ArrayList<>(PROTOCOL);
        called.addAll(methods);
        caller(rules, called);
        rules.add(in("+psubscribe +punsubscribe", all("&", watched())));
    }

    private void appender(List<String> rules) {
        String log = names.log(topic());
        rules.addAll(
                List.of(("+eval +evalsha +script|load +get +set +pexpire +hset +hsetnx +hmget +hgetall +exists +xlen"
                                + " +xadd +xinfo|stream")
                        .split(" ", -1)));
        rules.addAll(List.of("~" + log, "~" + log + ":conf", "~" + log + ":from:" + user + ANY_ID));
        rules.add(in(SUBSCRIBES, "&" + inbox(), "&" + names.notices(topic())));
        rules.add(in(PUBLISHES, "&" + inbox(), "&" + names.event(topic()), "&" + names.notices(topic())));
    }

    /** An appender with ids, which only one process is at a time. */
    private void relay(List<String> rules) {
        StreamKeys keys = names.stream(topic());
        appender(rules);
        rules.addAll(List.of("+time +hget +hlen +rename +unlink +del".split(" ", -1)));
        rules.addAll(List.of("~" + keys.ids(), "~" + keys.earlierIds(), "~" + keys.holder("outbox")));
    }

    private void consumer(List<String> rules) {
        String log = names.log(topic());
        rules.addAll(List.of(("+eval +evalsha +script|load +time +get +set +del +hget +hset +hsetnx +hmget +hgetall"
                        + " +hincrby +exists +pexpire +zadd +zrem +zscore +zrangebyscore +xlen +xrange +xrevrange"
                        + " +xgroup|create +xgroup|delconsumer +xreadgroup +xack +xpending +xclaim +xtrim"
                        + " +xinfo|stream +xinfo|groups +xinfo|consumers +memory|usage +info")
                .split(" ", -1)));
        rules.addAll(List.of("~" + log, "~" + log + ":*"));
        rules.add(in("+xadd", "~" + log + ":dead:" + group));
        rules.add(in(SUBSCRIBES, "&" + inbox(), "&" + names.notices(topic())));
        rules.add(in(PUBLISHES, "&" + inbox()));
    }

    private void follower(List<String> rules) {
        String log = names.log(topic());
        rules.addAll(List.of("+hget +hgetall +xrange +xrevrange +xlen +xinfo|groups".split(" ", -1)));
        rules.addAll(List.of("%R~" + log, "%R~" + log + ":conf"));
        rules.add(in("+hget +hgetall +hset", "~" + log + ":at"));
        rules.add(in(SUBSCRIBES, "&" + inbox(), "&" + names.notices(topic())));
        rules.add(in(PUBLISHES, "&" + inbox()));
    }

    /** Commands that a role has to be allowed, as {@code ACL DRYRUN} takes them. */
    List<List<String>> needs(Role role) {
        String own = names.inbox(user + A_NODE);
        List<List<String>> needs = new ArrayList<>();
        needs.add(List.of("SUBSCRIBE", own));
        needs.add(List.of("PUBLISH", own, "x"));
        switch (role) {
            case publisher -> topics.forEach(topic -> needs.add(List.of("PUBLISH", names.event(sample(topic)), "x")));
            case subscriber ->
                topics.forEach(topic -> needs.add(List.of(
                        topic.contains("*") ? "PSUBSCRIBE" : "SUBSCRIBE", names.event(topic.replace("**", "*")))));
            case caller -> calls(needs, methods);
            case server -> {
                needs.add(List.of("SET", names.node(user + A_NODE), "x"));
                needs.add(List.of("ZADD", names.nodes(), "0", "x"));
                needs.add(List.of("PUBLISH", names.presence(), "x"));
                needs.add(List.of("PUBLISH", names.inbox("other" + A_NODE), "x"));
                for (String method : methods) {
                    needs.add(List.of("SUBSCRIBE", names.method(sample(method))));
                    needs.add(List.of("SUBSCRIBE", names.method(sample(method), user + A_NODE)));
                }
            }
            case enqueuer -> {
                for (QueueKeys queue : samples()) {
                    needs.add(List.of("XADD", queue.queue(), "*", "m", "x"));
                    needs.add(List.of("HSET", queue.call("x"), "m", "x"));
                    needs.add(List.of("ZADD", queue.later(), "0", "x"));
                    needs.add(List.of("PUBLISH", queue.notices(), "x"));
                }
            }
            case worker -> {
                needs.addAll(needs(Role.server).subList(2, needs(Role.server).size()));
                for (QueueKeys queue : samples()) {
                    needs.add(List.of(
                            "XREADGROUP", "GROUP", "servers", "x", "COUNT", "1", "STREAMS", queue.queue(), ">"));
                    needs.add(List.of("ZADD", queue.leases(), "0", "x"));
                    needs.add(List.of("SUBSCRIBE", queue.notices()));
                }
            }
            case watcher -> watched().forEach(glob -> needs.add(List.of("PSUBSCRIBE", glob)));
            case console -> {
                watched().forEach(glob -> needs.add(List.of("PSUBSCRIBE", glob)));
                List<String> called = new ArrayList<>(PROTOCOL);
                called.addAll(methods);
                calls(needs, called);
            }
            case appender -> {
                needs.add(List.of("XADD", names.log(topic()), "*", "e", "x"));
                needs.add(List.of("PUBLISH", names.event(topic()), "x"));
            }
            case relay -> {
                needs.addAll(
                        needs(Role.appender).subList(2, needs(Role.appender).size()));
                needs.add(List.of("HSET", names.stream(topic()).ids(), "x", "x"));
                needs.add(List.of("SET", names.stream(topic()).holder("outbox"), "x"));
            }
            case consumer -> {
                needs.add(List.of("XACK", names.log(topic()), group, "0-0"));
                needs.add(List.of("XADD", names.log(topic()) + ":dead:" + group, "*", "e", "x"));
                needs.add(List.of("SUBSCRIBE", names.notices(topic())));
            }
            case follower -> {
                needs.add(List.of("XRANGE", names.log(topic()), "-", "+"));
                needs.add(List.of("HSET", names.log(topic()) + ":at", "x", "x"));
            }
        }
        return needs;
    }

    private void calls(List<List<String>> needs, List<String> called) {
        needs.add(List.of("ZRANGE", names.nodes(), "0", "-1"));
        needs.add(List.of("GET", names.node("other" + A_NODE)));
        needs.add(List.of("SUBSCRIBE", names.presence()));
        for (String method : called) {
            needs.add(List.of("PUBLISH", names.method(sample(method)), "x"));
            needs.add(List.of("PUBLISH", names.method(sample(method), "other" + A_NODE), "x"));
            needs.add(List.of("EVAL", "return 0", "1", names.method(sample(method))));
        }
    }

    private List<QueueKeys> samples() {
        return methods.stream().map(method -> names.queue(sample(method))).toList();
    }

    private static String sample(String pattern) {
        return pattern.replace("**", "any").replace("*", "any");
    }
}
