package dev.omnibus.testing;

import java.nio.file.Path;
import java.util.Map;

/** This machine, with other variables and another home. */
final class Environments {
    private Environments() {}

    static Environment with(Path home, Map<String, String> variables) {
        Environment system = Environment.system();
        return new Environment(variables, system.os(), system.arch(), home, system.resources());
    }

    static Environment withoutCarrier(Path home, Map<String, String> variables) {
        return new Environment(variables, "Linux", "amd64", home, name -> null);
    }
}
