package dev.omnibus.bus;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Remembers what it was told, a line for each. Of the states only those of a link that breaks. */
public final class Remembering implements BusListener {

    public final List<String> told = new CopyOnWriteArrayList<>();
    private BusState lastState = BusState.CONNECTING;

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
    public void onDuplicate(String topic, String source, String id) {
        told.add("duplicate " + topic + " " + id);
    }

    @Override
    public void onDropping(String topic) {
        told.add("dropping " + topic);
    }

    @Override
    public void onDropped(String topic, long events) {
        told.add("dropped " + topic + " " + events);
    }

    @Override
    public void onFramesDropping(String channel) {
        told.add("dropping frames " + channel);
    }

    @Override
    public void onFramesDropped(String channel, long frames) {
        told.add("dropped frames " + channel + " " + frames);
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
    public void onSubscriptionEnded(String topic, String reason) {
        told.add("ended " + topic + ": " + reason);
    }

    @Override
    public void onState(BusState state) {
        if (state == BusState.DOWN || lastState == BusState.DOWN) {
            told.add(state.toString());
        }
        lastState = state;
    }

    @Override
    public void onDeadEvent(String topic, String type) {
        told.add("dead " + topic + " " + type);
    }
}
