package dev.omnibus.spring;

import static org.assertj.core.api.Assertions.assertThat;

import dev.omnibus.testing.RedisServer;
import dev.omnibus.testing.WithRedis;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.aot.generate.ClassNameGenerator;
import org.springframework.aot.generate.DefaultGenerationContext;
import org.springframework.aot.generate.InMemoryGeneratedFiles;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.predicate.RuntimeHintsPredicates;
import org.springframework.boot.SpringApplicationAotProcessor;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.aot.AbstractAotProcessor.Settings;
import org.springframework.context.aot.ApplicationContextAotGenerator;
import org.springframework.javapoet.ClassName;

/** What a native image needs is said, and the application runs on a JVM as it was processed ahead of time. */
@Tag("slow")
@WithRedis
class AheadOfTimeIT {

    @Test
    void whatIsUsedByReflectionHasHints() throws Exception {
        RuntimeHints hints = hints();
        Method ship = AotApplication.Desk.class.getDeclaredMethod("ship", AotApplication.Order.class);
        assertThat(RuntimeHintsPredicates.reflection().onMethodInvocation(ship)).accepts(hints);
        Method left = AotApplication.Stock.class.getMethod("left", AotApplication.Line.class);
        assertThat(RuntimeHintsPredicates.reflection().onMethodInvocation(left)).accepts(hints);
        for (Class<?> payload : List.of(
                AotApplication.Order.class,
                AotApplication.Line.class,
                AotApplication.Shipped.class,
                AotApplication.Level.class)) {
            assertThat(RuntimeHintsPredicates.reflection().onType(payload)).accepts(hints);
            assertThat(RuntimeHintsPredicates.reflection()
                            .onConstructorInvocation(payload.getDeclaredConstructors()[0]))
                    .as(payload.getName())
                    .accepts(hints);
        }
        assertThat(RuntimeHintsPredicates.reflection().onType(AotApplication.SoldOut.class))
                .accepts(hints);
        assertThat(RuntimeHintsPredicates.proxies().forInterfaces(AotApplication.Stock.class))
                .accepts(hints);
        assertThat(RuntimeHintsPredicates.resource().forResource("dev/omnibus/transport/redisson/lease/leases.lua"))
                .accepts(hints);
        assertThat(RuntimeHintsPredicates.resource()
                        .forResource("dev/omnibus/transport/redisson/stream/calls/enqueue.lua"))
                .accepts(hints);
    }

    private static RuntimeHints hints() {
        try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext()) {
            context.register(AotApplication.class);
            DefaultGenerationContext generation = new DefaultGenerationContext(
                    new ClassNameGenerator(ClassName.get(AotApplication.class)), new InMemoryGeneratedFiles());
            new ApplicationContextAotGenerator().processAheadOfTime(context, generation);
            return generation.getRuntimeHints();
        }
    }

    @Test
    void anApplicationRunsAsItWasProcessedAheadOfTime(RedisServer redis, @TempDir Path folder) throws Exception {
        Path sources = folder.resolve("sources");
        Path resources = folder.resolve("resources");
        Path classes = Files.createDirectories(folder.resolve("classes"));
        new SpringApplicationAotProcessor(
                        AotApplication.class,
                        Settings.builder()
                                .sourceOutput(sources)
                                .resourceOutput(resources)
                                .classOutput(classes)
                                .groupId("shop")
                                .artifactId("shop")
                                .build(),
                        new String[0])
                .process();
        String classPath = System.getProperty("java.class.path");
        List<String> arguments = new ArrayList<>(List.of(
                "-proc:none", "-nowarn", "-d", classes.toString(), "-cp", classes + File.pathSeparator + classPath));
        try (Stream<Path> files = Files.walk(sources)) {
            files.filter(file -> file.toString().endsWith(".java")).forEach(file -> arguments.add(file.toString()));
        }
        assertThat(ToolProvider.getSystemJavaCompiler().run(null, null, null, arguments.toArray(String[]::new)))
                .isZero();

        String said = run(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Dspring.aot.enabled=true",
                "-cp",
                String.join(File.pathSeparator, classes.toString(), resources.toString(), classPath),
                AotApplication.class.getName(),
                "--omnibus.url=" + redis.url(),
                "--logging.level.dev.omnibus.spring.AotApplication=info"));
        assertThat(said).contains("Starting AOT-processed AotApplication").contains("shipped o-17, 12 left");
    }

    private static String run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (InputStream output = process.getInputStream()) {
            String said = new String(output.readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(process.exitValue()).as(said).isZero();
            return said;
        } finally {
            process.destroyForcibly();
        }
    }
}
