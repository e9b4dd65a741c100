package dev.omnibus.rpc;

import com.fasterxml.jackson.annotation.JsonAnyGetter;
import com.fasterxml.jackson.annotation.JsonAnySetter;
import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import com.fasterxml.jackson.databind.annotation.JsonPOJOBuilder;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Classes of all the kinds that a program makes, with what Jackson has for them. */
final class Kinds {

    private Kinds() {}

    enum Color {
        RED,
        GREEN
    }

    record User(String name, int age) {}

    record Box<T>(T content) {}

    record Tree(String name, List<Tree> branches) {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = Circle.class, name = "circle"),
        @JsonSubTypes.Type(value = Square.class, name = "square")
    })
    sealed interface Shape permits Circle, Square {}

    record Circle(double radius) implements Shape {}

    record Square(int side) implements Shape {}

    record Page<T>(List<T> items, Optional<Page<T>> next) {}

    record Pair<A, B>(A one, B other) {}

    record Ranked<T extends Comparable<T>>(T rank) {}

    static final class Users extends ArrayList<User> {

        private static final long serialVersionUID = 1;

        Users() {}

        Users(List<User> users) {
            super(users);
        }
    }

    record Money(@JsonValue BigDecimal amount) {

        @JsonCreator
        Money {}
    }

    @JsonDeserialize(builder = Built.Builder.class)
    record Built(String name, int number) {

        @JsonPOJOBuilder(withPrefix = "")
        static final class Builder {

            private String name = "";
            private int number;

            Builder name(String one) {
                name = one;
                return this;
            }

            Builder number(int one) {
                number = one;
                return this;
            }

            Built build() {
                return new Built(name, number);
            }
        }
    }

    @JsonTypeInfo(use = JsonTypeInfo.Id.DEDUCTION)
    @JsonSubTypes({@JsonSubTypes.Type(ByName.class), @JsonSubTypes.Type(ByNumber.class)})
    interface Deduced {}

    record ByName(String name) implements Deduced {}

    record ByNumber(long number) implements Deduced {}

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, include = JsonTypeInfo.As.WRAPPER_OBJECT)
    @JsonSubTypes({@JsonSubTypes.Type(InObject.class), @JsonSubTypes.Type(InArray.class)})
    interface Wrapped {}

    record InObject(int a) implements Wrapped {}

    record InArray(int b) implements Wrapped {}

    interface Form {}

    record Ring(double size) implements Form {}

    record External(
            @JsonTypeInfo(
                    use = JsonTypeInfo.Id.NAME,
                    include = JsonTypeInfo.As.EXTERNAL_PROPERTY,
                    property = "form-kind")
            @JsonSubTypes(@JsonSubTypes.Type(value = Ring.class, name = "ring"))
            Form form) {}

    @JsonFormat(shape = JsonFormat.Shape.ARRAY)
    record Compact(String name, int number) {}

    enum Level {
        LOW(1),
        HIGH(2);
        private final int height;

        Level(int height) {
            this.height = height;
        }

        @JsonValue
        int height() {
            return height;
        }
    }

    enum Spelled {
        @JsonProperty("b-oth")
        BOTH {
            @Override
            public String toString() {
                return "both of them";
            }
        }
    }

    record Flexible(@JsonAnyGetter @JsonAnySetter Map<String, Long> more) {}

    record Kept(String name, @JsonUnwrapped(prefix = "by-") User by) {}

    static final class Bean {

        private List<BigDecimal> prices = List.of();

        Bean() {}

        Bean(List<BigDecimal> prices) {
            this.prices = prices;
        }

        public List<BigDecimal> getPrices() {
            return prices;
        }

        public void setPrices(List<BigDecimal> prices) {
            this.prices = prices;
        }

        @Override
        public String toString() {
            return "Bean " + prices;
        }
    }
}
