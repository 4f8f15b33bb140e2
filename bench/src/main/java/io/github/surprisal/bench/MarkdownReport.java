package io.github.surprisal.bench;

import java.util.stream.Collectors;

/** report.md, and its short form for the console. */
final class MarkdownReport {

    static final String EXPLANATION = """
            Gelem/s are 1e9 elements per second, the median of all iterations; the error is half of JMH's 99.9 %% confidence
            interval. The FMA bound is what the measured rate of nothing but fused multiply-adds on registers allows the recipe:
            10 vector operations for each vector of logits of a sum of exponentials, 12 where its terms become a softmax or
            gradient, 22 in rows of more than 131072, where they are computed twice. Memory is a loop over as
            much data in the same run that hardly computes: for what only reads the faster of two plain reads, one sequential stream and four
            far apart; for what writes too a loop that negates in place, or from one array into another. GB/s count the traffic
            that the operation cannot do without. B/op is what the measuring thread allocates per operation. The accuracy is the
            largest error (log-sum-exp: over the first %d rows; a loss: of the mean) against a compensated double reference, in
            units in the last place of a float: 0.5 is perfect rounding. In a gradient, a difference, they are units of its larger
            term. In place, two readings of the clock, some 50 ns, are part of a call.
            """.formatted(Trial.ACCURACY_ROWS);

    private final Run run;
    private final Bounds bounds;

    MarkdownReport(Run run) {
        this.run = run;
        this.bounds = new Bounds(run.measurements(), run.probeLanes());
    }

    String text() {
        var all = run.measurements();
        var text = new StringBuilder("# Surprisal benchmarks\n\n");
        Summaries.header(run).forEach(line -> text.append("- **").append(line.getKey()).append("**: ").append(line.getValue()).append('\n'));
        text.append('\n').append(EXPLANATION);
        for (var family : Tables.families(all).values()) {
            var tables = new Tables(family, bounds);
            section(text, tables.anyJob().title(), tables.overview());
        }
        section(text, "A call", Summaries.calls(all, bounds));
        section(text, "Cold start", Summaries.coldStart(run));
        text.append(limits());
        section(text, "Accuracy", Summaries.accuracy(all));
        section(text, "Peers", Summaries.peerCalls(all));
        var families = Tables.families(all).values();
        if (!families.isEmpty()) {
            text.append("\n## Every measurement\n");
        }
        for (var family : families) {
            var tables = new Tables(family, bounds);
            text.append("\n### ").append(tables.anyJob().title()).append('\n');
            tables.shapes().forEach(shape -> text.append('\n').append(tables.details(shape).markdown()));
        }
        return text.append(failures()).toString();
    }

    /** The overviews, of a run of nothing but probes their rates, and failures. */
    String console() {
        var families = Tables.families(run.measurements()).values();
        return (families.isEmpty() ? limits().stripLeading() + "\n" : families.stream().map(family -> new Tables(family, bounds))
                .map(tables -> tables.anyJob().title() + "\n\n" + tables.overview().markdown() + "\n")
                .collect(Collectors.joining())) + failures();
    }

    private String limits() {
        var text = new StringBuilder();
        section(text, "Arithmetic limit", Summaries.arithmetic(run, bounds));
        section(text, "Memory limit", Summaries.memory(run.measurements(), bounds));
        return text.toString();
    }

    private static void section(StringBuilder text, String title, Table table) {
        if (table != null) {
            text.append("\n## ").append(title).append("\n\n").append(table.markdown());
        }
    }

    private String failures() {
        var text = new StringBuilder();
        run.info().failures().forEach((job, reason) -> text.append("- ").append(job).append(": `").append(reason).append("`\n"));
        return text.isEmpty() ? "" : "\n## Failed\n\n" + text + "\n";
    }
}
