package dev.omnibus.transport.redisson.connection;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.omnibus.transport.redisson.connection.RedissonInternals.Hook;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RedissonVersionsTest {

    private static final Set<Hook> ALL = EnumSet.allOf(Hook.class);

    private static Set<Hook> without(Hook hook) {
        return EnumSet.complementOf(EnumSet.of(hook));
    }

    private static RedissonVersions versions(String redisson, String... netty) {
        return new RedissonVersions(redisson, List.of(netty));
    }

    @Test
    void whatIsOnTheClassPathIsFoundAndTested() {
        RedissonVersions found = RedissonVersions.found();
        assertTrue(found.areTested(), found::toString);
    }

    /** It is tried for each hook what is tried where the versions are others. */
    @Test
    void eachHookAnswersTheSelfTest() {
        assertEquals(ALL, RedissonInternals.answering());
    }

    @Test
    void othersAreNotTested() {
        assertTrue(versions("4.7.0", "4.1.128.Final").areTested());
        assertFalse(versions("4.8.0", "4.2.16.Final").areTested());
        assertFalse(versions("", "4.2.16.Final").areTested());
        assertFalse(versions("4.7.0", "4.2.17.Final").areTested());
        assertFalse(versions("4.7.0", "4.1.114.Final").areTested());
        assertFalse(versions("4.7.0", "4.1.128.Final", "4.2.16.Final").areTested());
        assertFalse(versions("4.7.0").areTested());
        assertFalse(versions("4.7.0", "of our own").areTested());
    }

    @Test
    void theNativeTransportIsUsedOnlyInTheVersionOfTheRest() {
        assertTrue(RedissonVersions.nativeTransportFits());
        RedissonVersions one = versions("4.7.0", "4.2.16.Final");
        assertTrue(one.fits(Set.of("4.2.16.Final")));
        assertTrue(one.fits(Set.of())); // it is not there, or does not say
        assertFalse(one.fits(Set.of("4.1.128.Final")));
        assertFalse(one.fits(Set.of("4.2.15.Final", "4.2.16.Final")));
        assertFalse(versions("4.7.0", "4.1.128.Final", "4.2.16.Final").fits(Set.of("4.2.16.Final")));
        assertTrue(versions("4.7.0").fits(Set.of("4.2.16.Final"))); // the rest does not say
    }

    @Test
    void othersFitWhileEachRequiredHookAnswers() {
        RedissonVersions others = versions("4.8.0", "4.2.17.Final");
        assertDoesNotThrow(() -> others.requireFit(ALL, true));
        for (Hook hook : Hook.values()) {
            if (!hook.required) {
                assertDoesNotThrow(() -> others.requireFit(without(hook), true));
            }
        }
        assertDoesNotThrow(() -> others.requireFit(without(Hook.MASTERS), false));
    }

    @Test
    void withoutARequiredHookOneSentenceSaysWhatWasFoundAndWhatIsNeeded() {
        RedissonVersions others = versions("4.8.0", "4.2.17.Final");
        for (Hook hook : Hook.required(true)) {
            IllegalStateException e =
                    assertThrows(IllegalStateException.class, () -> others.requireFit(without(hook), true));
            assertEquals(
                    "Redisson and Netty on the class path do not fit the bus (" + hook.without
                            + "). It needs Redisson 4.7.0, and Netty 4.1.115.Final or a later one with all of its parts of"
                            + " one version; found Redisson 4.8.0 and Netty 4.2.17.Final. With Spring Boot set"
                            + " netty.version",
                    e.getMessage());
        }
    }

    @Test
    void theLogSaysWhatAMissingHookCosts() {
        RedissonVersions others = versions("4.8.0", "4.2.17.Final");
        String found = "The bus was tested with Redisson 4.7.0 and Netty 4.1.115.Final to 4.2.16.Final, and found"
                + " Redisson 4.8.0 and Netty 4.2.17.Final. ";
        assertEquals(found + "All that it uses of their internals is there", others.difference(ALL));
        assertEquals(
                found + "Not all that it uses of their internals is there, so: " + Hook.LONE_PUBLISH.without,
                others.difference(without(Hook.LONE_PUBLISH)));
    }

    @Test
    void aNettyThatIsTooOldIsRefusedWhateverItHas() {
        RedissonVersions old = versions("4.7.0", "4.1.114.Final");
        assertThrows(IllegalStateException.class, () -> old.requireFit(ALL, false));
    }
}
