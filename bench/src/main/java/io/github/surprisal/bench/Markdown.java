package io.github.surprisal.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A Markdown table whose columns line up in plain text too. The first column is text, the others are numbers. */
final class Markdown {

    private final List<List<String>> lines = new ArrayList<>();

    Markdown(List<String> header) {
        lines.add(List.copyOf(header));
    }

    void add(List<String> line) {
        lines.add(List.copyOf(line));
    }

    @Override
    public String toString() {
        int columns = lines.getFirst().size();
        int[] widths = IntStream.range(0, columns)
                .map(column -> lines.stream().mapToInt(line -> line.get(column).length()).max().orElse(0)).toArray();
        var text = new StringBuilder();
        for (int i = 0; i < lines.size(); i++) {
            var line = lines.get(i);
            text.append(IntStream.range(0, columns).mapToObj(column -> pad(line.get(column), widths[column], column == 0))
                    .collect(Collectors.joining(" | ", "| ", " |\n")));
            if (i == 0) {
                text.append(IntStream.range(0, columns)
                        .mapToObj(column -> "-".repeat(widths[column] + 1) + (column == 0 ? "-" : ":"))
                        .collect(Collectors.joining("|", "|", "|\n")));
            }
        }
        return text.toString();
    }

    private static String pad(String cell, int width, boolean left) {
        String space = " ".repeat(width - cell.length());
        return left ? cell + space : space + cell;
    }
}
