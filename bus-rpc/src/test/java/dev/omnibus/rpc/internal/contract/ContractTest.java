package dev.omnibus.rpc.internal.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.type.TypeFactory;
import dev.omnibus.rpc.Idempotent;
import dev.omnibus.rpc.NonBlocking;
import dev.omnibus.rpc.OneWay;
import dev.omnibus.rpc.ServiceName;
import dev.omnibus.rpc.Timeout;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class ContractTest {

    interface Plain {
        int left(String sku);

        CompletionStage<String> later();

        default int twice(String sku) {
            return 2 * left(sku);
        }

        static int three() {
            return 3;
        }

        @Override
        String toString();

        @Override
        boolean equals(Object other);
    }

    @ServiceName("shop.stock-2")
    interface Named {
        void run();
    }

    @ServiceName("not a name")
    interface Misnamed {
        void run();
    }

    @ServiceName("rpc")
    interface Reserved {
        void discover();
    }

    interface Overloaded {
        void run();

        void run(int times);
    }

    interface Empty {
        default void run() {}
    }

    @SuppressWarnings("rawtypes")
    interface Raw {
        CompletableFuture run();
    }

    interface Keeper<K, V> {
        Optional<V> find(K key);

        CompletionStage<Map<K, List<V>>> all();
    }

    interface Quantities extends Keeper<String, Integer>, Sized, Counted {
        @Override
        Optional<Integer> find(String key);
    }

    interface Sized {
        int size();
    }

    interface Counted {
        int size();
    }

    interface OwnTypeParameter {
        <T> T get(T key);
    }

    interface OneWayWithResult {
        @OneWay
        int tell(String text);
    }

    interface Timeless {
        @Timeout(millis = 0)
        void run();
    }

    interface Annotated {
        @OneWay
        void tell(String text);

        @Idempotent
        @Timeout(millis = 2_000)
        @NonBlocking
        int read();
    }

    static class Shapeless extends Exception {
        Shapeless(int code) {
            super("code " + code);
        }
    }

    static class Speechless extends Exception {
        Speechless(String message, int left) {
            super(message + left);
        }
    }

    interface ThrowsSpeechless {
        void run() throws Speechless;
    }

    interface ThrowsShapeless {
        void run() throws Shapeless;
    }

    interface ThrowsWhatTheJdkHas {
        void run() throws Exception;
    }

    @Test
    void whatIsInheritedKeepsItsTypeArguments() {
        Map<String, String> types =
                Contract.of(Quantities.class, TypeFactory.defaultInstance()).operations().values().stream()
                        .distinct()
                        .collect(Collectors.toMap(
                                Contract.Operation::name,
                                operation -> operation.parameters() + " "
                                        + operation.result().toCanonical()));

        assertEquals(
                Map.of(
                        "quantities.find",
                        "[[simple type, class java.lang.String]] java.util.Optional<java.lang.Integer>",
                        "quantities.all",
                        "[] java.util.Map<java.lang.String,java.util.List<java.lang.Integer>>",
                        "quantities.size",
                        "[] int"),
                types);
    }

    @Test
    void annotationsSayHowAMethodIsCalled() {
        Map<String, Contract.Traits> traits =
                Contract.of(Annotated.class, TypeFactory.defaultInstance()).operations().values().stream()
                        .collect(Collectors.toMap(Contract.Operation::name, Contract.Operation::traits));

        assertEquals(new Contract.Traits(true, false, false, 0), traits.get("annotated.tell"));
        assertEquals(new Contract.Traits(false, true, true, 2_000), traits.get("annotated.read"));
        assertEquals(
                List.of(),
                Contract.of(ThrowsWhatTheJdkHas.class, TypeFactory.defaultInstance())
                        .operations()
                        .values()
                        .iterator()
                        .next()
                        .faults());
    }

    @Test
    void whatAnnotationsAndExceptionsCannotMeanIsRefused() {
        String here = "dev.omnibus.rpc.internal.contract.ContractTest$";
        assertEquals(
                "The method get(Object) of " + here + "OwnTypeParameter has type parameters of its own; nobody could"
                        + " know what to decode, so name the types",
                refusal(OwnTypeParameter.class));
        assertEquals(
                "The method oneWayWithResult.tell is @OneWay and gives int; nothing comes back, so make it void",
                refusal(OneWayWithResult.class));
        assertEquals(
                "The @Timeout of timeless.run is 0 ms; it must be from 1 to less than a day", refusal(Timeless.class));
        assertEquals(
                "The exception " + here + "Shapeless, which throwsShapeless.run declares, cannot travel: it needs a"
                        + " constructor (String message), or (String message, …) with an accessor for each further"
                        + " parameter",
                refusal(ThrowsShapeless.class));
        assertEquals(
                "The exception " + here + "Speechless, which throwsSpeechless.run declares, cannot travel: it needs a"
                        + " constructor (String message), or (String message, …) with an accessor for each further"
                        + " parameter; there is no int left()",
                refusal(ThrowsSpeechless.class));
    }

    @Test
    void onlyAbstractMethodsOfItsOwnAreCalled() {
        Contract contract = Contract.of(Plain.class, TypeFactory.defaultInstance());

        assertEquals("plain", contract.service());
        assertEquals(
                Set.of("plain.left int false", "plain.later class java.lang.String true"),
                contract.operations().values().stream()
                        .map(operation ->
                                operation.name() + " " + operation.result().getRawClass() + " " + operation.async())
                        .collect(Collectors.toSet()));
        assertEquals(3, Plain.three());
    }

    @Test
    void aServiceCanBeNamed() {
        assertEquals(
                "shop.stock-2",
                Contract.of(Named.class, TypeFactory.defaultInstance()).service());
    }

    @Test
    void whatIsNoContractIsRefusedWithTheReason() {
        String here = "dev.omnibus.rpc.internal.contract.ContractTest$";
        String name = "must be tokens of letters, digits, '_' and '-' with dots between them, for instance"
                + " \"stock.left\", and not begin with \"rpc.\"";

        assertEquals("java.lang.String is not an interface; a contract must be one", refusal(String.class));
        assertEquals(
                "The contract " + here
                        + "Overloaded has two methods named run, run() and run(int); methods are called by"
                        + " name, so rename one of them",
                inEitherOrder(refusal(Overloaded.class)));
        assertEquals("The contract " + here + "Empty has no method to call", refusal(Empty.class));
        assertEquals(
                "The method run() of " + here + "Raw gives a raw CompletableFuture; say of what", refusal(Raw.class));
        assertEquals("The name \"not a name\" " + name, refusal(Misnamed.class));
        assertEquals("The name \"rpc.discover\" " + name, refusal(Reserved.class));
    }

    record Hidden(int value) {}

    public record Open(int value) {}

    static final class HiddenFailure extends Exception {
        HiddenFailure(String message) {
            super(message);
        }
    }

    public interface GivesHidden {
        Hidden get();
    }

    public interface GivesHiddenArrays {
        Hidden[][] get();
    }

    public interface ThrowsHidden {
        void run() throws HiddenFailure;
    }

    public interface Reachable {
        Open get(Hidden[] given);

        CompletionStage<List<Hidden>> later();

        int[] numbers();
    }

    interface HiddenItself {
        Hidden get() throws HiddenFailure;
    }

    @Test
    void whatThePublicContractGivesOrThrowsMustBePublicToo() {
        String end =
                ", which is not public and so cannot be reached by the object that calls; make it public, or keep the"
                        + " contract in its package and not public either";
        String here = "dev.omnibus.rpc.internal.contract.ContractTest$";
        assertEquals(
                "The method get() of " + here + "GivesHidden gives " + here + "Hidden" + end,
                refusal(GivesHidden.class));
        assertEquals(
                "The method get() of " + here + "GivesHiddenArrays gives " + here + "Hidden" + end,
                refusal(GivesHiddenArrays.class));
        assertEquals(
                "The method run() of " + here + "ThrowsHidden throws " + here + "HiddenFailure" + end,
                refusal(ThrowsHidden.class));
        assertEquals(
                3,
                Contract.of(Reachable.class, TypeFactory.defaultInstance())
                        .operations()
                        .size());
        assertEquals(
                1,
                Contract.of(HiddenItself.class, TypeFactory.defaultInstance())
                        .operations()
                        .size());
    }

    @Test
    void aMethodThatIsCalledByNameNeedsItsService() {
        assertEquals("stock.left", Contract.requireMethod("stock.left"));
        assertEquals(
                "The name \"left\" has no service before it; call it for instance \"stock.left\"",
                assertThrows(IllegalArgumentException.class, () -> Contract.requireMethod("left"))
                        .getMessage());
    }

    /** The JVM lists methods as it likes. */
    private static String inEitherOrder(String message) {
        return message.replace("run(int) and run()", "run() and run(int)");
    }

    private static String refusal(Class<?> type) {
        return String.valueOf(
                assertThrows(IllegalArgumentException.class, () -> Contract.of(type, TypeFactory.defaultInstance()))
                        .getMessage());
    }
}
