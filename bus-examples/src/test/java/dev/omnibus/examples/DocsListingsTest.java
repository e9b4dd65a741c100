package dev.omnibus.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DocsListingsTest {

    private static final Map<String, String> REGIONS = Map.of("hello", "if (hello) {\n    world();\n}");

    @TempDir
    Path folder;

    @Test
    void everyListingOfTheDocumentsIsCodeThatRuns() {
        Path root = Repository.root();
        Map<String, String> regions = new HashMap<>(ListingRegions.read(root.resolve("bus-examples/src/main/java")));
        regions.putAll(ListingRegions.read(root.resolve("bus-examples/src/test/java")));
        regions.putAll(ListingRegions.read(root.resolve("bus-examples/consumers")));
        for (Path pom : Repository.files(root.resolve("bus-examples/consumers"), "pom.xml")) {
            regions.put(root.relativize(pom).toString(), ListingRegions.text(Repository.lines(pom)));
        }
        List<Path> documents = new ArrayList<>(Repository.files(root.resolve("docs"), ".md"));
        if (Files.exists(root.resolve("README.md"))) {
            documents.add(root.resolve("README.md"));
        }
        assertEquals(
                List.of(),
                documents.stream()
                        .flatMap(document -> DocumentedListings.problems(document, regions).stream())
                        .toList());
    }

    @Test
    void regionsAreReadWithoutTheirIndentation() throws IOException {
        Files.writeString(folder.resolve("A.java"), """
                class A {
                    // tag::hello
                    if (hello) {
                        world();
                    }
                    // end::hello
                }
                """);
        assertEquals(REGIONS, ListingRegions.read(folder));
    }

    @Test
    void anEqualListingIsRightHoweverItIsIndented() throws IOException {
        assertEquals(List.of(), problems("""
                        1. Like this:
                           <!-- listing: hello -->

                           ```java
                           if (hello) {
                               world();
                           }
                           ```
                        """));
    }

    @Test
    void aListingThatDiffersIsFound() throws IOException {
        assertFound("<!-- listing: hello -->\n```java\nhello();\n```\n", "differs from the example hello");
    }

    @Test
    void aListingOfNoExampleIsFound() throws IOException {
        assertFound("<!-- listing: other -->\n```java\nhello();\n```\n", "other, which no example has");
    }

    @Test
    void aListingThatSaysNothingIsFound() throws IOException {
        assertFound("<!-- listing: hello -->\n\nText.\n\n```java\nhello();\n```\n", "has no <!-- listing: name -->");
    }

    @Test
    void fragmentsAndOtherLanguagesMayShowAnything() throws IOException {
        assertEquals(
                List.of(),
                problems(
                        "<!-- fragment -->\n```java\nhello();\n```\n\n```sh\nls\n```\n\n````md\n```java\n```\n````\n"));
    }

    private void assertFound(String document, String problem) throws IOException {
        List<String> problems = problems(document);
        assertEquals(1, problems.size());
        assertTrue(problems.get(0).contains(problem), problems.get(0));
    }

    private List<String> problems(String document) throws IOException {
        return DocumentedListings.problems(Files.writeString(folder.resolve("a.md"), document), REGIONS);
    }
}
