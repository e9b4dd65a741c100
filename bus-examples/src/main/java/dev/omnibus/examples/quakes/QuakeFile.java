package dev.omnibus.examples.quakes;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Reads {@code earthquakes.csv}, which lies beside this class. */
final class QuakeFile {

    private QuakeFile() {}

    /** All events, oldest first. */
    static List<Quake> read() {
        InputStream file = Objects.requireNonNull(QuakeFile.class.getResourceAsStream("earthquakes.csv"));
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(file, StandardCharsets.UTF_8))) {
            List<String> names = cells(lines.readLine());
            return lines.lines().map(line -> quake(row(names, cells(line)))).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Map<String, String> row(List<String> names, List<String> cells) {
        if (cells.size() != names.size()) {
            throw new IllegalArgumentException("A line has " + cells.size() + " cells, not " + names.size());
        }
        Map<String, String> row = new HashMap<>();
        for (int i = 0; i < names.size(); i++) {
            row.put(names.get(i), cells.get(i));
        }
        return row;
    }

    private static Quake quake(Map<String, String> row) {
        String felt = cell(row, "felt");
        return new Quake(
                cell(row, "id"),
                Instant.parse(cell(row, "time")),
                cell(row, "network"),
                cell(row, "type"),
                Double.parseDouble(cell(row, "magnitude")),
                new Position(Double.parseDouble(cell(row, "latitude")), Double.parseDouble(cell(row, "longitude"))),
                Double.parseDouble(cell(row, "depth_km")),
                cell(row, "place"),
                felt.isEmpty() ? null : Integer.valueOf(felt));
    }

    private static String cell(Map<String, String> row, String name) {
        return Objects.requireNonNull(row.get(name), name);
    }

    /** The cells of a line: commas part them, except within quotes; a quote within quotes is doubled. */
    static List<String> cells(String line) {
        List<String> cells = new ArrayList<>();
        StringBuilder cell = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if (c == '"' && quoted && i + 1 < line.length() && line.charAt(i + 1) == '"') {
                cell.append(c);
                i++;
            } else if (c == '"') {
                quoted = !quoted;
            } else if (c == ',' && !quoted) {
                cells.add(cell.toString());
                cell.setLength(0);
            } else {
                cell.append(c);
            }
        }
        cells.add(cell.toString());
        return cells;
    }
}
