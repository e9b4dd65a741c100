package dev.omnibus.bus;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Remembers what it was told, a line for each. */
final class Remembering implements BusListener {

    final List<String> told = new CopyOnWriteArrayList<>();

    @Override
    public void onHandlerFailed(Event<?> event, Throwable failure) {
        told.add("failed " + event.topic() + " " + event.data() + ": " + failure.getMessage());
    }

    @Override
    public void onBadMessage(String channel, String problem) {
        told.add("bad " + channel + ": " + problem);
    }

    @Override
    public void onGap(String topic, String source, long from, long to) {
        told.add("gap " + topic + " " + from + "-" + to);
    }

    @Override
    public void onDuplicate(String topic, String source, long sequence) {
        told.add("duplicate " + topic + " " + sequence);
    }

    @Override
    public void onDropped(String topic) {
        told.add("dropped " + topic);
    }

    @Override
    public void onPublishFailed(String topic, PublishException failure) {
        told.add("unpublished " + topic + " " + failure.reason());
    }

    @Override
    public void onInterrupted(String topic) {
        told.add("interrupted " + topic);
    }

    @Override
    public void onLinkDown() {
        told.add("down");
    }

    @Override
    public void onLinkUp() {
        told.add("up");
    }
}
