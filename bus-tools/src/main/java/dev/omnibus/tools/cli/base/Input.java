package dev.omnibus.tools.cli.base;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.omnibus.rpc.NamedParams;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads what is given as JSON: in the words of the command line, in a file, or on stdin. */
public final class Input {

    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .build();

    private static final Pattern NAMED = Pattern.compile("([A-Za-z_][A-Za-z0-9_.-]*)(:?=)(.*)", Pattern.DOTALL);

    private Input() {}

    public static JsonNode json(String text, String where) {
        try {
            JsonNode value = JSON.readTree(text);
            if (value == null || value.isMissingNode()) {
                throw new Failures.UsageException(where + " is empty; give JSON");
            }
            return value;
        } catch (JsonProcessingException e) {
            throw new Failures.UsageException(where + " is not JSON (" + e.getOriginalMessage()
                    + "); a text needs quotes of its own, as in '\"text\"'");
        }
    }

    /** One value: JSON, {@code -} for stdin, {@code @file}. */
    public static JsonNode value(String given, Terminal terminal) {
        if (given.equals("-")) {
            return json(all(terminal.in(), "stdin"), "what is on stdin");
        }
        return given.startsWith("@")
                ? json(file(given.substring(1)), "the file " + given.substring(1))
                : json(given, "'" + given + "'");
    }

    /** The lines of a file, or with {@code -} of stdin, as they come. */
    public static BufferedReader lines(String path, Terminal terminal) {
        if (path.equals("-")) {
            return new BufferedReader(new InputStreamReader(terminal.in(), StandardCharsets.UTF_8));
        }
        try {
            return Files.newBufferedReader(Path.of(path));
        } catch (NoSuchFileException e) {
            throw new Failures.UsageException("There is no file " + path, e);
        } catch (IOException e) {
            throw new UncheckedIOException("The file " + path + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static String all(InputStream in, String name) {
        try {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(name + " cannot be read", e);
        }
    }

    static String file(String path) {
        try {
            return Files.readString(Path.of(path));
        } catch (NoSuchFileException e) {
            throw new Failures.UsageException("There is no file " + path, e);
        } catch (IOException e) {
            throw new UncheckedIOException("The file " + path + " cannot be read: " + e.getMessage(), e);
        }
    }

    /** The params of a call: an array or an object, or each by its name. */
    public static JsonNode params(List<String> words, Terminal terminal) {
        if (words.isEmpty()) {
            return JSON.createArrayNode();
        }
        if (words.stream().allMatch(word -> NAMED.matcher(word).matches())) {
            return named(words);
        }
        if (words.size() == 1) {
            JsonNode params = value(words.get(0), terminal);
            if (params.isContainerNode()) {
                return params;
            }
        }
        throw new Failures.UsageException("The params " + String.join(" ", words)
                + " are neither a JSON array or object, nor name=text or name:=json; for one param write '["
                + words.get(0)
                + "]'");
    }

    private static ObjectNode named(List<String> words) {
        ObjectNode object = JSON.createObjectNode();
        for (String word : words) {
            Matcher parts = NAMED.matcher(word);
            if (parts.matches()) {
                String name = parts.group(1);
                JsonNode value = parts.group(2).equals("=")
                        ? TextNode.valueOf(parts.group(3))
                        : json(parts.group(3), "the value of " + name);
                if (object.replace(name, value) != null) {
                    throw new Failures.UsageException("The param " + name + " is given twice");
                }
            }
        }
        return object;
    }

    /** The same as a client takes them. */
    public static Object[] arguments(JsonNode params) {
        if (params.isObject()) {
            Map<String, Object> byName = new LinkedHashMap<>();
            params.properties().forEach(param -> byName.put(param.getKey(), param.getValue()));
            return new Object[] {NamedParams.of(byName)};
        }
        List<Object> byPosition = new ArrayList<>();
        params.forEach(byPosition::add);
        return byPosition.toArray();
    }

    /** {@code name=value}, as of headers. */
    public static Map.Entry<String, String> pair(String text) {
        int equals = text.indexOf('=');
        if (equals < 1) {
            throw new Failures.UsageException("'" + text + "' is not name=value");
        }
        return Map.entry(text.substring(0, equals), text.substring(equals + 1));
    }
}
