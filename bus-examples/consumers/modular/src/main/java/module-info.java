/** A modular program. Its package is open, because payloads and contracts are read by reflection. */
module shop {
    requires com.fasterxml.jackson.core;
    requires dev.omnibus.bus;
    requires dev.omnibus.rpc;
    requires dev.omnibus.testing;

    opens shop;
}
