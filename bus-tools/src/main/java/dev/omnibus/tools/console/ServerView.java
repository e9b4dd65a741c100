package dev.omnibus.tools.console;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.Collection;
import java.util.List;

/**
 * A port to what plain commands find out at Redis, and a bus does not. Its methods may block and fail; they are called
 * while a page that shows what they return is open, at most every few seconds.
 */
public interface ServerView {

    /**
     * The durable topics that there are.
     *
     * @return their names
     */
    Collection<String> durableTopics();

    /**
     * What is wrong with the server and the nodes.
     *
     * @return an array of objects with the texts {@code level}, {@code check}, {@code finding} and {@code remedy}
     */
    JsonNode findings();

    /**
     * A view that sees nothing: durable topics are found then when something is published on them.
     *
     * @return one without topics and findings
     */
    static ServerView none() {
        return new ServerView() {
            @Override
            public Collection<String> durableTopics() {
                return List.of();
            }

            @Override
            public JsonNode findings() {
                return JsonNodeFactory.instance.arrayNode();
            }
        };
    }
}
