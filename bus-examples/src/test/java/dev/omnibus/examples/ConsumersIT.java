package dev.omnibus.examples;

import static java.util.stream.Collectors.toSet;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Programs outside this build: they have a pom of their own, an empty local repository, and nothing of ours but what is
 * published. What they need besides is taken from the local repository of this build, as far as it is there.
 */
@Tag("slow")
class ConsumersIT {
    private static final Path ROOT = Repository.root();
    private static final Path CONSUMERS = ROOT.resolve("bus-examples/consumers");
    private static final String RESOLVE =
            "org.apache.maven.plugins:maven-dependency-plugin:" + System.getProperty("omnibus.resolver", "3.9.0");

    @TempDir
    static Path folder;

    private static String classPath = "";

    @BeforeAll
    static void resolve() throws Exception {
        String version = find("<version>(.*?)</version>", Files.readString(ROOT.resolve("bus-bom/pom.xml")));
        assumeTrue(
                Files.exists(ROOT.resolve("bus-rpc/target/bus-rpc-" + version + ".jar")),
                "the modules are not packaged; mvn verify does it");
        assumeTrue(
                Stream.of(System.getenv("PATH").split(File.pathSeparator))
                        .anyMatch(path -> Files.isExecutable(Path.of(path, "mvn"))),
                "there is no mvn on the PATH");
        publish("omnibus", ROOT.resolve("pom.xml"), version);
        for (String module : List.of("bus-bom", "bus-testing", "bus-core", "bus-rpc")) {
            publish(module, ROOT.resolve(module).resolve("pom.xml"), version);
        }
        Files.writeString(folder.resolve("settings.xml"), settings());
        classPath = resolved(CONSUMERS.resolve("plain/pom.xml"));
    }

    /** The class path that Maven makes of a pom. */
    private static String resolved(Path pom) throws Exception {
        Path found = Files.createTempFile(folder, "class-path", "");
        run(List.of(
                "mvn",
                "-B",
                "-q",
                "-gs",
                folder.resolve("settings.xml").toString(),
                "-Dmaven.repo.local=" + repository(),
                "-f",
                pom.toString(),
                RESOLVE + ":build-classpath",
                "-Dmdep.outputFile=" + found));
        return Files.readString(found).strip();
    }

    @Test
    void theDependencyOfTheReadmeIsEnough() throws Exception {
        String dependency = find("<dependency>(.*?)</dependency>", Files.readString(ROOT.resolve("README.md")));
        Path pom = Files.writeString(
                folder.resolve("pom.xml"),
                "<project><modelVersion>4.0.0</modelVersion><groupId>shop</groupId><artifactId>lone</artifactId>"
                        + "<version>1</version><dependencies><dependency>" + dependency
                        + "</dependency></dependencies></project>");
        String alone = resolved(pom);

        assertEquals(
                1, versions("jackson-(?:core|databind|datatype-\\w+)", alone).size(), alone);
        assertEquals(1, versions("netty-[a-z-]+", alone).size(), alone);
        String withARedis = alone + File.pathSeparator + classPath; // what stands first is taken
        String said = run(java(List.of("-cp", compiled() + File.pathSeparator + withARedis, "shop.Rollout")));
        assertTrue(said.contains("4 reserved"), said);
    }

    @Test
    void aPlainMavenProgramGetsOneVersionOfJacksonAndOneOfNetty() {
        assertEquals(
                1,
                versions("jackson-(?:core|databind|datatype-\\w+)", classPath).size(),
                classPath);
        assertEquals(1, versions("netty-[a-z-]+", classPath).size(), classPath);
    }

    @Test
    void whatTheBusDoesNotUseOfRedissonStaysAway() {
        for (String unused : List.of("byte-buddy", "rxjava", "reactor-core", "cache-api", "jodd-util")) {
            assertTrue(versions(unused, classPath).isEmpty(), unused + " in " + classPath);
        }
    }

    @Test
    void aPlainMavenProgramHasEventsAndCalls() throws Exception {
        String said = run(java(List.of("-cp", compiled() + File.pathSeparator + classPath, "shop.Shop")));
        assertTrue(said.contains("shipped OrderPlaced[id=o-17, pieces=3]"), said);
        assertTrue(said.contains("12 left") && said.contains("1 answered"), said);
    }

    @Test
    void aPlainMavenProgramHasDurableTopics() throws Exception {
        String said = run(java(List.of("-cp", compiled() + File.pathSeparator + classPath, "shop.FirstTopic")));
        List<String> lines = said.lines()
                .filter(line -> line.matches("(3 orders|billed|dead letter|replayed).*"))
                .toList();
        String tutorial = Files.readString(ROOT.resolve("docs/tutorial/first-durable-topic.md"));
        assertEquals(find("```text\n(.*?)\n```", tutorial), String.join("\n", lines), said);
    }

    @Test
    void aProgramOfYesterdaySkipsTheFieldOfToday() throws Exception {
        String said = run(java(List.of("-cp", compiled() + File.pathSeparator + classPath, "shop.Rollout")));
        assertTrue(said.contains("seen Order[id=o-17, pieces=3]"), said);
        assertTrue(said.contains("4 reserved"), said);
    }

    @Test
    void aModularProgramRunsWithAllModulesOfItsPath() throws Exception {
        Path module = compile("-p", classPath, CONSUMERS.resolve("modular"), CONSUMERS.resolve("plain"));
        String path = module + File.pathSeparator + classPath;
        for (String main : List.of("shop/shop.Shop", "shop/shop.Rollout")) {
            run(java(List.of("-p", path, "--add-modules", "ALL-MODULE-PATH", "-m", main)));
        }
    }

    private static Path compiled() throws IOException {
        return compile("-cp", classPath, CONSUMERS.resolve("plain"));
    }

    private static Path compile(String option, String path, Path... sources) throws IOException {
        Path classes = Files.createTempDirectory(folder, "classes");
        List<String> arguments =
                new ArrayList<>(List.of("-parameters", "-proc:none", "-d", classes.toString(), option, path));
        for (Path folder : sources) {
            Repository.files(folder, ".java").forEach(file -> arguments.add(file.toString()));
        }
        assertEquals(0, ToolProvider.getSystemJavaCompiler().run(null, null, null, arguments.toArray(new String[0])));
        return classes;
    }

    private static List<String> java(List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(arguments);
        return command;
    }

    /** Its output; it must end with 0. */
    private static String run(List<String> command) throws Exception {
        Path output = Files.createTempFile(folder, "output", ".txt");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        builder.environment().put("MAVEN_OPTS", "-XX:TieredStopAtLevel=1");
        Process process = builder.start();
        boolean ended = process.waitFor(5, TimeUnit.MINUTES);
        process.destroyForcibly();
        String said = Files.readString(output);
        assertTrue(ended && process.waitFor() == 0, () -> String.join(" ", command) + "\n" + said);
        return said;
    }

    private static Set<String> versions(String name, String jars) {
        return Stream.of(jars.split(File.pathSeparator))
                .map(jar -> Path.of(jar).getFileName().toString())
                .map(Pattern.compile(name + "-(\\d.*?)(?:-linux-\\w+)?\\.jar")::matcher)
                .filter(Matcher::matches)
                .map(matcher -> matcher.group(1))
                .collect(toSet());
    }

    private static void publish(String artifact, Path pom, String version) throws IOException {
        Path to = Files.createDirectories(
                repository().resolve("dev/omnibus").resolve(artifact).resolve(version));
        Files.copy(pom, to.resolve(artifact + "-" + version + ".pom"));
        Path jar = pom.resolveSibling("target").resolve(artifact + "-" + version + ".jar");
        if (Files.exists(jar)) {
            Files.copy(jar, to.resolve(jar.getFileName()));
        }
    }

    private static Path repository() {
        return folder.resolve("repository");
    }

    private static String settings() {
        String here = System.getProperty("omnibus.repository", System.getProperty("user.home") + "/.m2/repository");
        String repository = "<id>here</id><url>" + Path.of(here).toUri() + "</url>"
                + "<releases><checksumPolicy>ignore</checksumPolicy></releases>";
        return "<settings><profiles><profile><id>here</id><repositories><repository>" + repository
                + "</repository></repositories><pluginRepositories><pluginRepository>" + repository
                + "</pluginRepository></pluginRepositories></profile></profiles>"
                + "<activeProfiles><activeProfile>here</activeProfile></activeProfiles></settings>";
    }

    private static String find(String pattern, String text) {
        Matcher matcher = Pattern.compile(pattern, Pattern.DOTALL).matcher(text);
        assertTrue(matcher.find(), pattern);
        return matcher.group(1);
    }
}
