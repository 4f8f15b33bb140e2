package io.github.surprisal.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes report.md and the charts it shows. */
final class ReportWriter {

    private static final String EXPLANATION = """
            Gelem/s are 1e9 elements per second, the median of all iterations; the error is half of JMH's 99.9 %% confidence
            interval. GB/s count the memory traffic that the operation cannot do without. The roofline is a loop over as much
            data in the same run that hardly computes: for what only reads the faster of two plain reads, one sequential
            stream and four far apart; for what writes too a loop that negates in place, or from one array into another.
            B/op is what the measuring thread allocates per operation. The accuracy is the largest error (log-sum-exp:
            over the first %d rows; a loss: of the mean) against a compensated double reference, in units in the last
            place of a float: 0.5 is perfect rounding. In a gradient, a difference, they are units of its larger term.
            """.formatted(Trial.ACCURACY_ROWS);

    private final Path directory;
    private final Header header;
    private final Outcome outcome;

    ReportWriter(Path directory, Header header, Outcome outcome) {
        this.directory = directory;
        this.header = header;
        this.outcome = outcome;
    }

    /** Returns the short form, for the console. */
    String write() throws IOException {
        var all = outcome.measurements();
        var text = new StringBuilder("# Surprisal benchmarks\n\n").append(header.markdown(outcome)).append('\n')
                .append(EXPLANATION);
        var console = new StringBuilder();
        for (var family : Tables.families(all).values()) {
            var job = family.getFirst().job();
            var tables = new Tables(family, all);
            String image = job.className().substring(job.className().lastIndexOf('.') + 1) + ".png";
            text.append("\n## ").append(job.title()).append("\n\n").append(tables.overview());
            if (writeChart(new SpeedChart(job.title(), HostInfo.cpu(), tables), image)) {
                text.append("\n![").append(job.title()).append("](").append(image).append(")\n");
            }
            for (String shape : tables.shapes()) {
                text.append('\n').append(tables.details(shape));
            }
            console.append(job.title()).append("\n\n").append(tables.overview()).append('\n');
        }
        String failures = failures();
        Files.writeString(directory.resolve("report.md"), text.append(failures));
        return console.append(failures).toString();
    }

    private boolean writeChart(SpeedChart chart, String image) throws IOException {
        System.setProperty("java.awt.headless", "true");
        try {
            chart.writePng(directory.resolve(image));
            return true;
        } catch (LinkageError | InternalError | RuntimeException e) {
            // Such as a JDK without desktop libraries or a machine without fonts. The tables say it all.
            System.err.println("no chart: " + e);
            return false;
        }
    }

    private String failures() {
        if (outcome.failures().isEmpty()) {
            return "";
        }
        var text = new StringBuilder("\n## Failed\n\n");
        outcome.failures().forEach((job, reason) ->
                text.append("- ").append(job).append(": `").append(reason).append("`\n"));
        return text.append("\n").toString();
    }
}
