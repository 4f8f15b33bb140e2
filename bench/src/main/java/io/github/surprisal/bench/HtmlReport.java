package io.github.surprisal.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Properties;
import java.util.function.Function;
import java.util.stream.Collectors;
import tools.jackson.databind.json.JsonMapper;

/** index.html: one file that needs no network, with the charts' script, their data and the tables inside. */
final class HtmlReport {

    private final Run run;
    private final Bounds bounds;
    private final List<Measurement> all;

    HtmlReport(Run run) {
        this.run = run;
        this.all = run.measurements();
        this.bounds = new Bounds(all, run.probeLanes());
    }

    String text() {
        var parts = new LinkedHashMap<String, String>();
        parts.put("subtitle", subtitle());
        parts.put("tiles", tiles());
        parts.put("facts", facts());
        parts.put("failures", failures());
        parts.put("calls", table(Summaries.calls(all, bounds)));
        parts.put("limits", table(Summaries.arithmetic(run, bounds)) + table(Summaries.memory(all, bounds)));
        parts.put("cold", table(Summaries.coldStart(run)));
        parts.put("accuracy", table(Summaries.accuracy(all)));
        parts.put("peers", table(Summaries.peerCalls(all)));
        parts.put("overviews", overviews());
        parts.put("details", details());
        parts.put("explanation", Table.escape(MarkdownReport.EXPLANATION));
        parts.put("css", resource("report.css"));
        parts.put("script", resource("report.js"));
        // "</" would end the script
        parts.put("data", JsonMapper.builder().build().writeValueAsString(new ChartData(run, bounds).all()).replace("</", "<\\/"));
        parts.put("echarts", resource(echarts()));
        String page = resource("report.html");
        for (var part : parts.entrySet()) {
            page = page.replace("{{" + part.getKey() + "}}", part.getValue());
        }
        return page;
    }

    private String subtitle() {
        var facts = run.info().facts();
        return Table.escape("%s, %s, %s".formatted(facts.getOrDefault("CPU", "unknown CPU"),
                run.backend().orElse("unknown backend"), facts.getOrDefault("Date", "undated")));
    }

    /** The best of ours in each operation, as large numbers. */
    private String tiles() {
        var text = new StringBuilder();
        for (var family : Tables.families(all).values()) {
            var tables = new Tables(family, bounds);
            String ours = tables.labels().getLast();
            if (tables.anyJob().isPeer() || tables.rows().size() < 2) {
                continue;
            }
            tables.shapes().stream().flatMap(shape -> tables.find(shape, ours).stream())
                    .max((a, b) -> Double.compare(a.rate(), b.rate())).ifPresent(best -> text.append("""
                    <div class="tile"><span class="name">%s</span><span class="number">%s</span><span class="unit">Gelem/s at %s</span>
                    <span class="note">%s%s of the FMA bound</span></div>
                    """.formatted(Table.escape(best.job().title()), Tables.format("%.2f", best.rate()), new Shape(best.job().shape()),
                    fasterThanPlain(tables), bound(best))));
        }
        return text.toString();
    }

    private String bound(Measurement m) {
        return bounds.arithmetic(m.job()).stream().mapToObj(bound -> Tables.format("%.0f %%", 100 * m.rate() / bound)).findFirst().orElse("-");
    }

    private static String fasterThanPlain(Tables tables) {
        String ours = tables.labels().getLast();
        return tables.shapes().stream().filter(shape -> tables.find(shape, "plain loop").isPresent() && tables.find(shape, ours).isPresent())
                .mapToDouble(shape -> tables.find(shape, ours).orElseThrow().rate() / tables.find(shape, "plain loop").orElseThrow().rate())
                .max().stream().mapToObj(ratio -> "up to %s times a plain loop, ".formatted(Tables.format("%.0f", ratio))).findFirst().orElse("");
    }

    private String facts() {
        var text = new StringBuilder("<dl>");
        for (var line : Summaries.header(run)) {
            text.append("<dt>").append(Table.escape(line.getKey())).append("</dt><dd>").append(Table.escape(line.getValue())).append("</dd>\n");
        }
        return text.append("</dl>").toString();
    }

    private String overviews() {
        return disclosure("<details open><summary>By operation</summary>", tables -> tables.overview().html());
    }

    private String details() {
        return disclosure("<details><summary>Every measurement</summary>", tables -> tables.shapes().stream()
                .map(shape -> tables.details(shape).html()).collect(Collectors.joining()));
    }

    /** A part that unfolds, with the content of each family; nothing for a run of probes alone. */
    private String disclosure(String summary, Function<Tables, String> content) {
        var text = new StringBuilder();
        for (var family : Tables.families(all).values()) {
            var tables = new Tables(family, bounds);
            text.append("<h3>").append(Table.escape(tables.anyJob().title())).append("</h3>\n").append(content.apply(tables));
        }
        return text.isEmpty() ? "" : summary + text + "</details>";
    }

    private String failures() {
        var text = new StringBuilder();
        run.info().failures().forEach((job, reason) -> text.append("<li><code>").append(Table.escape(job + ": " + reason)).append("</code></li>"));
        return text.isEmpty() ? "" : "<section class=\"failed\"><h2>Failed</h2><ul>" + text + "</ul></section>";
    }

    private static String table(Table table) {
        return table == null ? "" : table.html();
    }

    /** Its version is in the path, and stands in the parent pom only. */
    private static String echarts() {
        var properties = new Properties();
        try {
            properties.load(new StringReader(resource("/META-INF/maven/org.webjars/echarts/pom.properties")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return "/META-INF/resources/webjars/echarts/" + properties.getProperty("version") + "/echarts.common.min.js";
    }

    private static String resource(String name) {
        try (InputStream in = HtmlReport.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("not on the class path: " + name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
