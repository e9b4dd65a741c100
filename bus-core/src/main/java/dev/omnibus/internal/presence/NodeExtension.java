package dev.omnibus.internal.presence;

import dev.omnibus.internal.runtime.BusRuntime;

/**
 * A service provider interface for the modules above: what a node is to have when it is announced, whether the program
 * uses those modules or not. Found by {@link java.util.ServiceLoader}, so that nothing below knows of them.
 */
public interface NodeExtension {

    /** Called once for a bus, when it has connected, on its executor. */
    void announced(BusRuntime bus);
}
