package dev.omnibus.rpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

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

    @Service("shop.stock-2")
    interface Named {
        void run();
    }

    @Service("not a name")
    interface Misnamed {
        void run();
    }

    @Service("rpc")
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

    @Test
    void onlyAbstractMethodsOfItsOwnAreCalled() {
        Contract contract = Contract.of(Plain.class);

        assertEquals("plain", contract.service());
        assertEquals(
                Set.of("plain.left int false", "plain.later class java.lang.String true"),
                contract.operations().values().stream()
                        .map(operation -> operation.name() + " " + operation.result() + " " + operation.async())
                        .collect(Collectors.toSet()));
        assertEquals(3, Plain.three());
    }

    @Test
    void aServiceCanBeNamed() {
        assertEquals("shop.stock-2", Contract.of(Named.class).service());
    }

    @Test
    void whatIsNoContractIsRefusedWithTheReason() {
        String here = "dev.omnibus.rpc.ContractTest$";
        String name = "must be tokens of letters, digits, '_' and '-' with dots between them, for instance"
                + " \"stock.left\", and not begin with \"rpc.\"";

        assertEquals("java.lang.String is not an interface; a contract must be one", refusal(String.class));
        assertEquals(
                "The contract " + here + "Overloaded has two methods named run; methods are called by name, so rename"
                        + " one of them",
                refusal(Overloaded.class));
        assertEquals("The contract " + here + "Empty has no method to call", refusal(Empty.class));
        assertEquals(
                "The method public abstract java.util.concurrent.CompletableFuture " + here
                        + "Raw.run() gives a raw CompletableFuture; say of what",
                refusal(Raw.class));
        assertEquals("The name \"not a name\" " + name, refusal(Misnamed.class));
        assertEquals("The name \"rpc.discover\" " + name, refusal(Reserved.class));
    }

    @Test
    void aMethodThatIsCalledByNameNeedsItsService() {
        assertEquals("stock.left", Contract.requireMethod("stock.left"));
        assertEquals(
                "The name \"left\" has no service before it; call it for instance \"stock.left\"",
                assertThrows(IllegalArgumentException.class, () -> Contract.requireMethod("left"))
                        .getMessage());
    }

    private static String refusal(Class<?> type) {
        return String.valueOf(assertThrows(IllegalArgumentException.class, () -> Contract.of(type))
                .getMessage());
    }
}
