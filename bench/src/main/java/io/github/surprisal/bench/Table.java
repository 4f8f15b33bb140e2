package io.github.surprisal.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** A table whose first column is text and whose others are numbers. */
final class Table {

    private final List<List<String>> lines = new ArrayList<>();

    Table(List<String> header) {
        lines.add(List.copyOf(header));
    }

    void add(List<String> line) {
        lines.add(List.copyOf(line));
    }

    /** As Markdown whose columns line up in plain text too. */
    String markdown() {
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

    /** As HTML, in a box that scrolls where the screen is narrow. */
    String html() {
        var text = new StringBuilder("<div class=\"scroll\"><table>\n<thead>").append(row(lines.getFirst(), "th")).append("</thead>\n<tbody>\n");
        lines.stream().skip(1).forEach(line -> text.append(row(line, "td")).append('\n'));
        return text.append("</tbody></table></div>\n").toString();
    }

    private static String row(List<String> line, String cell) {
        return line.stream().map(text -> "<" + cell + ">" + escape(text) + "</" + cell + ">").collect(Collectors.joining("", "<tr>", "</tr>"));
    }

    static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;");
    }

    private static String pad(String cell, int width, boolean left) {
        String space = " ".repeat(width - cell.length());
        return left ? cell + space : space + cell;
    }
}
