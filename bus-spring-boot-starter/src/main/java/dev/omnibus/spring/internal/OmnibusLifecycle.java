package dev.omnibus.spring.internal;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.BusException;
import dev.omnibus.bus.BusState;
import dev.omnibus.spring.OmnibusProperties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationListener;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.event.ContextClosedEvent;

/**
 * The lifecycle of listeners and services: they start after everything else, and stop before everything else, while web
 * requests that still run can go on calling. Others are called from the moment on at which a service ends. Thread-safe.
 */
public final class OmnibusLifecycle implements SmartLifecycle, ApplicationListener<ContextClosedEvent> {

    /** Where Spring has its own listener containers: outside the web server, which drains its requests later. */
    static final int PHASE = Integer.MAX_VALUE - 100;

    private static final Logger LOG = LoggerFactory.getLogger(OmnibusLifecycle.class);

    private final Bus bus;
    private final TopicListeners listeners;
    private final RpcServices services;
    private final ApplicationContext application;
    private final boolean awaited;
    private volatile boolean running;
    private volatile boolean ending; // for good, and not to be started again

    public OmnibusLifecycle(
            Bus bus,
            TopicListeners listeners,
            RpcServices services,
            OmnibusProperties properties,
            ApplicationContext application) {
        this.bus = bus;
        this.application = application;
        this.awaited = properties.startup() == OmnibusProperties.Startup.FAIL;
        this.listeners = listeners;
        this.services = services;
    }

    @Override
    public int getPhase() {
        return PHASE;
    }

    /**
     * Returns when Redis has confirmed all of them, so that the application is ready when it says so; unless it is to
     * start without Redis.
     */
    @Override
    public void start() {
        running = true; // so that what has begun is stopped, if the rest fails
        CompletableFuture<Void> listening = listeners.start();
        if (!awaited) {
            CompletableFuture.allOf(listening, services.start()).whenComplete((done, failure) -> {
                if (failure != null) {
                    LOG.warn("A listener or a service does not stand", failure);
                }
            });
            return;
        }
        try {
            listening.join(); // before calls arrive, whose services may publish
            services.start().join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof BusException cause) {
                throw new OmnibusStartException(
                        String.valueOf(cause.getMessage()),
                        "Give the user of Redis the rights that listeners and services need, or start Redis.",
                        cause);
            }
            throw e;
        }
    }

    /** Spring says so before it stops anything; the context may also be a child of this one. */
    @Override
    public void onApplicationEvent(ContextClosedEvent event) {
        ending = ending || event.getApplicationContext() == application;
    }

    @Override
    public void stop() {
        stopped().join();
        running = false;
    }

    /** Does not wait: Spring does, as long as {@code spring.lifecycle.timeout-per-shutdown-phase} allows. */
    @Override
    public void stop(Runnable callback) {
        stopped().whenComplete((done, failure) -> {
            if (failure != null) {
                LOG.warn("Listeners and services did not stop in order", failure);
            }
            running = false;
            callback.run();
        });
    }

    /**
     * Services end first, since their last calls may publish; then listeners. When the application ends, so does what
     * it serves by itself.
     */
    private CompletableFuture<Void> stopped() {
        CompletableFuture<Void> served = ending ? services.drain() : services.stop();
        CompletableFuture<Void> stopped = served.thenCompose(ended -> listeners.stop());
        boolean nothingRuns = bus.state() == BusState.CONNECTING;
        return nothingRuns ? CompletableFuture.completedFuture(null) : stopped;
    }

    @Override
    public boolean isRunning() {
        return running;
    }
}
