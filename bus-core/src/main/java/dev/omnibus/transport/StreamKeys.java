package dev.omnibus.transport;

/**
 * The names of one stream: all its keys are in the slot of the first one, which has braces around what decides that,
 * and its channels. Immutable.
 *
 * @param log the key of the stream itself, for instance {@code bus:log:{orders.placed}}; the others begin with it
 * @param events the channel on which each appended frame is published, for those who listen live
 * @param notices the channel on which the position of each append's last entry is published, for those who read
 */
public record StreamKeys(String log, String events, String notices) {

    /**
     * The key of a hash: the description of the stream.
     *
     * @return its name
     */
    public String description() {
        return log + ":conf";
    }

    /**
     * The key of a hash: the positions of named followers.
     *
     * @return its name
     */
    public String positions() {
        return log + ":at";
    }

    /**
     * The key of a text that expires: how far a publisher has come.
     *
     * @param publisher its id
     * @return its name
     */
    public String sequence(String publisher) {
        return log + ":from:" + publisher;
    }

    /**
     * The key of a hash that expires: where entries with ids are, for each id of late.
     *
     * @return its name
     */
    public String ids() {
        return log + ":ids";
    }

    /**
     * The key of a hash that expires: the same for the ids before those of late.
     *
     * @return its name
     */
    public String earlierIds() {
        return log + ":ids:before";
    }

    /**
     * The key of a sorted set: the leases of a group's consumers.
     *
     * @param group the group's name
     * @return its name
     */
    public String leases(String group) {
        return log + ":live:" + group;
    }

    /**
     * The key of a sorted set: the released entries of a group, by when they are due.
     *
     * @param group the group's name
     * @return its name
     */
    public String released(String group) {
        return log + ":later:" + group;
    }

    /**
     * The key of a stream: the dead letters of a group.
     *
     * @param group the group's name
     * @return its name
     */
    public String deadLetters(String group) {
        return log + ":dead:" + group;
    }

    /**
     * The key of a hash: what had to be trimmed although a group had not acknowledged it.
     *
     * @param group the group's name
     * @return its name
     */
    public String losses(String group) {
        return log + ":lost:" + group;
    }

    /**
     * The key of a text that expires: the active consumer of a group that has a single one.
     *
     * @param group the group's name
     * @return its name
     */
    public String activeConsumer(String group) {
        return log + ":active:" + group;
    }

    /**
     * The key of a sorted set that expires: the consumers that may be the active one of such a group, by when their
     * lease ends.
     *
     * @param group the group's name
     * @return its name
     */
    public String candidates(String group) {
        return log + ":candidates:" + group;
    }

    /**
     * The key of a text that expires: who has a role that one has at a time.
     *
     * @param role its name
     * @return its name
     */
    public String holder(String role) {
        return log + ":held:" + role;
    }

    /**
     * The key of a text that expires: somebody has trimmed the stream a moment ago.
     *
     * @return its name
     */
    public String trimmed() {
        return log + ":trim";
    }
}
