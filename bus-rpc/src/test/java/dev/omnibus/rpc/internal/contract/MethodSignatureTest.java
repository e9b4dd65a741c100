package dev.omnibus.rpc.internal.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.type.TypeFactory;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

class MethodSignatureTest {

    enum Colour {
        RED,
        GREEN
    }

    record Line(String sku, int pieces, Optional<String> note, Instant at) {}

    record Tree(String name, List<Tree> children) {}

    interface Shapes {
        int number(String sku, long count, boolean deep);

        void nothing();

        CompletionStage<List<Line>> later(UUID id, byte[] picture);

        Map<String, List<Double>> table(Colour colour, int[] numbers);

        Optional<Tree> tree(Tree root);
    }

    record Wide(String first, String second, String third, String fourth, String fifth, String sixth) {}

    interface Long1 {
        Wide long1(Wide one, Wide two, Wide three, String last);
    }

    interface Long2 {
        Wide long1(Wide one, Wide two, Wide three, int last);
    }

    private static Map<String, String> shapes(Class<?> type) {
        return MethodSignature.of(
                Contract.of(type, TypeFactory.defaultInstance()).operations().values(),
                new ObjectMapper().findAndRegisterModules().disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS));
    }

    @Test
    void aShapeSaysWhatTravels() {
        assertEquals(
                Map.of(
                        "number", "(sku: string, count: integer, deep: boolean): integer",
                        "nothing", "(): null",
                        "later",
                                "(id: uuid, picture: string): [{at: date-time, note: string|null, pieces: integer, sku: string}]",
                        "table", "(colour: \"RED\"|\"GREEN\", numbers: [integer]): {*: [number]}",
                        "tree", "(root: {children: [Tree], name: string}): {children: [Tree], name: string}|null"),
                shapes(Shapes.class));
    }

    @Test
    void aLongShapeIsCutAndStillTellsADifference() {
        String one = String.valueOf(shapes(Long1.class).get("long1"));
        String two = String.valueOf(shapes(Long2.class).get("long1"));

        assertTrue(one.length() <= 240, one);
        assertNotEquals(one, two);
    }
}
