package dev.omnibus.bench;

/** Where the servers are. */
record Addresses(String redis, String nats) {}
