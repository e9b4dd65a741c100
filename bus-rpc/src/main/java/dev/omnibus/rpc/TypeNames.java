package dev.omnibus.rpc;

import com.fasterxml.jackson.databind.JavaType;
import dev.omnibus.bus.Json;
import java.util.stream.Collectors;

/** The names of types for people, short and without their packages. */
final class TypeNames {

    private static final String MISFIT = "it does not fit at ";

    private TypeNames() {}

    static String of(JavaType type) {
        if (type.isArrayType()) {
            return of(type.getContentType()) + "[]";
        }
        String name = type.getRawClass().getSimpleName();
        return type.getBindings().isEmpty()
                ? name
                : name
                        + type.getBindings().getTypeParameters().stream()
                                .map(TypeNames::of)
                                .collect(Collectors.joining(", ", "<", ">"));
    }

    /** Why a value is not of a type, such as {@code does not fit int at $.pieces}; quotes nothing of the value. */
    static String misfit(Throwable e, JavaType type) {
        String problem = Json.problem(e);
        if (problem.startsWith(MISFIT)) {
            return "does not fit " + of(type) + " at " + problem.substring(MISFIT.length());
        }
        return e instanceof RuntimeException ? "does not fit " + of(type) : "cannot be read: " + problem;
    }
}
