package shop;

import dev.omnibus.bus.Bus;
import dev.omnibus.bus.Event;
import dev.omnibus.spring.RpcService;
import dev.omnibus.spring.TopicListener;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;

/** The sessions of this node: a user has one at a time, at whatever node. */
@RpcService
class Logins implements Sessions {

    record LoggedIn(String user, String token) {}

    private final Bus bus;
    private final Map<String, String> tokens = new ConcurrentHashMap<>(); // by user

    Logins(Bus bus) {
        this.bus = bus;
    }

    String logIn(String user) {
        String token = UUID.randomUUID().toString();
        tokens.put(user, token);
        bus.publish("sessions.logged-in", new LoggedIn(user, token));
        return token;
    }

    /** A login elsewhere ends the session here; one's own event arrives as well. */
    @TopicListener("sessions.logged-in")
    void end(Event<LoggedIn> login) {
        if (!login.source().endsWith(bus.node())) {
            tokens.remove(login.data().user());
        }
    }

    boolean isLoggedIn(String user, String token) {
        return token.equals(tokens.get(user));
    }

    @Override
    public Set<String> users() {
        return new TreeSet<>(tokens.keySet());
    }
}
