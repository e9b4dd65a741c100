package dev.omnibus.spring.internal;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Event;
import dev.omnibus.bus.SubscribeOptions;
import dev.omnibus.bus.Subscription;
import dev.omnibus.durable.Delivery;
import dev.omnibus.durable.DurableTopic;
import dev.omnibus.durable.GroupOptions;
import dev.omnibus.spring.OmnibusProperties;
import dev.omnibus.spring.TopicListener;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.core.ResolvableType;
import org.springframework.expression.Expression;
import org.springframework.expression.ParseException;
import org.springframework.expression.spel.standard.SpelExpressionParser;
import org.springframework.expression.spel.support.SimpleEvaluationContext;
import org.springframework.util.StringUtils;

/**
 * A message endpoint: one annotated method with its options, and its subscriptions while it is started. Thread-safe.
 */
final class Endpoint {

    private static final SpelExpressionParser EXPRESSIONS = new SpelExpressionParser();

    private final String where;
    private final String id;
    private final List<String> topics;
    private final String group; // empty for topics that are not durable
    private final boolean autoStartup;
    private final ListenerMethod method;
    private final SubscribeOptions options;
    private final GroupOptions groupOptions;
    private final List<DurableTopic<?>> durable; // those of the group
    private final @Nullable Function<Object, CompletionStage<?>> publisher; // of results
    private final Bus bus;
    private final List<Subscription> subscriptions = new ArrayList<>(); // guarded by this

    /**
     * Reads an annotation, of a method of a bean.
     *
     * @throws IllegalArgumentException if it cannot be subscribed as it says
     * @throws IllegalStateException if the bean's proxy does not have the method
     */
    Endpoint(
            String where,
            String bean,
            Method declared,
            TopicListener listener,
            OmnibusProperties.Listener defaults,
            ConfigurableListableBeanFactory beans,
            Bus bus) {
        Texts texts = new Texts(beans);
        String name = texts.text(listener.id());
        Boolean starts = texts.flag("autoStartup", listener.autoStartup());
        this.where = where;
        this.bus = bus;
        this.id = name.isEmpty() ? where : name;
        this.autoStartup = starts == null ? defaults.autoStartup() : starts;
        this.group = texts.text(listener.group());
        this.topics = topics(listener, texts);
        this.method = ListenerMethod.of(beans.getBean(bean), declared, !group.isEmpty(), texts);
        this.options = options(listener, defaults, texts);
        this.groupOptions = groupOptions(listener, defaults, texts);
        this.durable = group.isEmpty()
                ? List.of()
                : topics.stream()
                        .<DurableTopic<?>>map(topic -> durable(topic, beans))
                        .toList();
        this.publisher = method.publishTo() == null ? null : publisher(method.publishTo(), beans);
    }

    private static List<String> topics(TopicListener listener, Texts texts) {
        List<String> topics = new ArrayList<>();
        for (String each : listener.topics()) {
            topics.addAll(List.of(StringUtils.commaDelimitedListToStringArray(texts.text(each)))); // of a placeholder
        }
        topics.replaceAll(String::strip);
        if (topics.isEmpty()) {
            throw new IllegalArgumentException("it names no topic");
        }
        return List.copyOf(topics);
    }

    private static SubscribeOptions options(TopicListener listener, OmnibusProperties.Listener defaults, Texts texts) {
        SubscribeOptions known = SubscribeOptions.defaults();
        SubscribeOptions options = known.withConcurrency(
                        or(texts.number("concurrency", listener.concurrency()), defaults.concurrency(), 1))
                .withMailbox(
                        or(null, defaults.mailboxEvents(), known.mailboxEvents()),
                        defaults.mailboxSize() == null
                                ? known.mailboxBytes()
                                : defaults.mailboxSize().toBytes())
                .withRetries(
                        or(texts.number("retries", listener.retries()), defaults.retries(), known.retries()),
                        delay(listener, defaults, texts, known.retryDelay()))
                .withOverflow(
                        listener.overflow().length > 0
                                ? listener.overflow()[0]
                                : or(null, defaults.overflow(), known.overflow()));
        Function<Event<?>, @Nullable Object> key = key(listener, texts);
        return key == null ? options : options.withOrderingKey(key);
    }

    private static GroupOptions groupOptions(TopicListener listener, OmnibusProperties.Listener defaults, Texts texts) {
        GroupOptions known = GroupOptions.defaults();
        Duration delay = delay(listener, defaults, texts, known.firstDelay());
        GroupOptions options = known.withConcurrency(
                        or(texts.number("concurrency", listener.concurrency()), defaults.concurrency(), 1))
                .withRetries(
                        or(texts.number("retries", listener.retries()), defaults.retries(), known.retries()),
                        delay,
                        delay.compareTo(known.maxDelay()) > 0 ? delay : known.maxDelay());
        Function<Event<?>, @Nullable Object> key = key(listener, texts);
        return key == null ? options : options.withOrderingKey(key);
    }

    private static Duration delay(
            TopicListener listener, OmnibusProperties.Listener defaults, Texts texts, Duration known) {
        return or(texts.duration("retryDelay", listener.retryDelay()), defaults.retryDelay(), known);
    }

    private static <T> T or(@Nullable T said, @Nullable T byDefault, T known) {
        return said != null ? said : byDefault != null ? byDefault : known;
    }

    private static @Nullable Function<Event<?>, @Nullable Object> key(TopicListener listener, Texts texts) {
        String text = texts.text(listener.key());
        if (text.isEmpty()) {
            return null;
        }
        try {
            Expression expression = EXPRESSIONS.parseExpression(text);
            SimpleEvaluationContext context = SimpleEvaluationContext.forReadOnlyDataBinding()
                    .withInstanceMethods()
                    .build();
            return event -> expression.getValue(context, event);
        } catch (ParseException e) {
            throw new IllegalArgumentException("its key \"" + text + "\" is no expression: " + e.getSimpleMessage(), e);
        }
    }

    private DurableTopic<?> durable(String topic, ConfigurableListableBeanFactory beans) {
        DurableTopic<?> found = TopicListeners.durable(beans, topic);
        if (found == null) {
            throw new IllegalArgumentException("its group \"" + group
                    + "\" needs a bean of type DurableTopic whose name"
                    + " is \"" + topic + "\", for instance: @Bean DurableTopic<…> orders(DurableTopics topics) {"
                    + " return topics.topic(Topic.of(\"" + topic + "\", ….class), Retention.forDays(7)); }");
        }
        ResolvableType wanted =
                ResolvableType.forClassWithGenerics(DurableTopic.class, ResolvableType.forType(method.payload()));
        boolean fits = beans.getBeanProvider(wanted).stream().anyMatch(each -> each.equals(found));
        if (!fits) {
            throw new IllegalArgumentException("it takes " + method.payload().getTypeName()
                    + ", and the bean of the durable topic \"" + topic + "\" has another type");
        }
        return found;
    }

    private Function<Object, CompletionStage<?>> publisher(String topic, ConfigurableListableBeanFactory beans) {
        @SuppressWarnings("unchecked") // what does not fit is refused when it is written
        DurableTopic<Object> log = (DurableTopic<Object>) TopicListeners.durable(beans, topic);
        return log == null ? result -> bus.publish(topic, result) : log::publish;
    }

    String id() {
        return id;
    }

    /** Bean and method. */
    String where() {
        return where;
    }

    boolean autoStartup() {
        return autoStartup;
    }

    synchronized List<Subscription> subscriptions() {
        return List.copyOf(subscriptions);
    }

    /** Subscribes; completes when that stands. */
    synchronized CompletableFuture<Void> start() {
        if (subscriptions.isEmpty()) {
            try {
                if (group.isEmpty()) {
                    topics.forEach(topic -> subscriptions.add(
                            bus.subscribe(topic, method.reference(), options, event -> handle(event, null))));
                } else {
                    durable.forEach(topic -> subscriptions.add(subscribe(topic)));
                }
            } catch (RuntimeException e) { // one of several topics
                stop();
                throw e;
            }
        }
        return CompletableFuture.allOf(
                subscriptions.stream().map(Subscription::ready).toArray(CompletableFuture[]::new));
    }

    private <T> Subscription subscribe(DurableTopic<T> topic) {
        return topic.subscribeAsync(group, groupOptions, this::handleDurably);
    }

    /** Ends the subscriptions; completes when the last event is handled. */
    synchronized CompletableFuture<Void> stop() {
        List<Subscription> ended = List.copyOf(subscriptions);
        subscriptions.clear();
        ended.forEach(Subscription::close);
        return CompletableFuture.allOf(ended.stream().map(Subscription::closed).toArray(CompletableFuture[]::new));
    }

    /** A plain topic's: what is published is not waited for, as anything else that a handler publishes. */
    private void handle(Event<?> event, @Nullable Delivery delivery) throws Exception {
        Object result;
        try {
            result = method.call(event, delivery).toCompletableFuture().get();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof Exception cause ? cause : e;
        }
        if (publisher != null && result != null) {
            CompletionStage<?> unused = publisher.apply(result);
        }
    }

    /** A durable topic's: it is acknowledged when the result is published. */
    private CompletionStage<?> handleDurably(Event<?> event, Delivery delivery) throws Exception {
        CompletionStage<?> called = method.call(event, delivery);
        return publisher == null
                ? called
                : called.thenCompose(result -> result == null
                        ? CompletableFuture.completedFuture(null)
                        : Objects.requireNonNull(publisher).apply(result));
    }
}
