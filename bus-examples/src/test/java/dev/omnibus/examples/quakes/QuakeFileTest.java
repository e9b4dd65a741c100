package dev.omnibus.examples.quakes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;

class QuakeFileTest {

    private static final List<Quake> QUAKES = QuakeFile.read();

    @Test
    void theWeekIsThere() {
        assertEquals(1_707, QUAKES.size());
        assertEquals(12, QUAKES.stream().map(Quake::network).distinct().count());
        assertEquals(QUAKES.stream().sorted(Comparator.comparing(Quake::time)).toList(), QUAKES);
    }

    @Test
    void theStrongestIsThatOfHualian() {
        Quake strongest =
                QUAKES.stream().sorted(Quake.STRONGEST_FIRST).findFirst().orElseThrow();
        assertEquals("us1000chhc", strongest.id());
        assertEquals(6.4, strongest.magnitude());
        assertEquals("22km NNE of Hualian, Taiwan", strongest.place());
        assertEquals(261, strongest.felt());
    }

    @Test
    void whatNobodyFeltHasNoNumber() {
        assertNull(QUAKES.get(0).felt());
    }

    @Test
    void commasAndDoubledQuotesWithinQuotesBelongToTheCell() {
        assertEquals(List.of("a", "b, \"c\"", "", "d", ""), QuakeFile.cells("a,\"b, \"\"c\"\"\",\"\",d,"));
    }

    @Test
    void itIsAboutNineHundredKilometresFromParisToBerlin() {
        Position paris = new Position(48.8566, 2.3522);
        Position berlin = new Position(52.52, 13.405);
        assertEquals(878, paris.distanceKm(berlin), 1);
        assertEquals(0, paris.distanceKm(paris));
    }
}
