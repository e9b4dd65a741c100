package dev.omnibus.internal.json;

import com.fasterxml.jackson.databind.JavaType;
import java.util.stream.Collectors;

/** The short names of types for messages, without their packages. Public for layers. */
public final class TypeNames {

    private static final String MISFIT = "it does not fit at ";

    private TypeNames() {}

    /**
     * Returns the short name of a type.
     *
     * @param type the type
     * @return its name, such as {@code List<Order>}
     */
    public static String of(JavaType type) {
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

    /**
     * Describes why a value is not of a type, such as {@code does not fit int at $.pieces}; quotes nothing of the
     * value.
     *
     * @param e what reading it threw
     * @param type the expected type
     * @return the reason, to follow the name of the value
     */
    public static String misfit(Throwable e, JavaType type) {
        String problem = Json.problem(e);
        if (problem.startsWith(MISFIT)) {
            return "does not fit " + of(type) + " at " + problem.substring(MISFIT.length());
        }
        return e instanceof RuntimeException ? "does not fit " + of(type) : "cannot be read: " + problem;
    }
}
