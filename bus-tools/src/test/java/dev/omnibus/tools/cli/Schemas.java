package dev.omnibus.tools.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.networknt.schema.InputFormat;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/** The schemas of what commands write with {@code --json}, which are a part of the documentation. */
final class Schemas {

    private static final Path FOLDER = Path.of("../docs/reference/schemas");
    private static final JsonSchemaFactory FACTORY = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012);

    private Schemas() {}

    static boolean has(String command) {
        return Files.exists(file(command));
    }

    private static Path file(String command) {
        return FOLDER.resolve(command + ".json");
    }

    /** Holds each line of an output against the schema of its command. */
    static void check(String command, String output) {
        SchemaValidatorsConfig config =
                SchemaValidatorsConfig.builder().formatAssertionsEnabled(true).build();
        JsonSchema schema = FACTORY.getSchema(
                SchemaLocation.of(
                        file(command).toAbsolutePath().normalize().toUri().toString()),
                config);
        output.lines().forEach(line -> assertEquals(Set.of(), schema.validate(line, InputFormat.JSON), line));
    }
}
