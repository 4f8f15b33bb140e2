package io.github.surprisal.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import joptsimple.OptionException;
import joptsimple.OptionParser;
import joptsimple.OptionSet;
import joptsimple.OptionSpec;
import org.openjdk.jmh.results.format.ResultFormatFactory;
import org.openjdk.jmh.results.format.ResultFormatType;

/** Runs the benchmarks and writes the report: JMH's JSON, Markdown tables, a chart per family. */
public final class Report {

    private static final OptionParser PARSER = new OptionParser();
    private static final OptionSpec<Void> HELP = PARSER.accepts("help", "prints this").forHelp();
    private static final OptionSpec<Void> FULL = PARSER.accepts("full",
            "all shapes, 3 rounds and longer iterations, about 90 minutes; else a quick run that fits --seconds");
    private static final OptionSpec<Integer> SECONDS = PARSER.accepts("seconds", "time for a quick run")
            .withRequiredArg().ofType(Integer.class).defaultsTo(230);
    private static final OptionSpec<String> SHAPES = PARSER.accepts("shapes", "these only, such as 64x1024,1x1024; else those of a quick run, or all with --full")
            .withRequiredArg().withValuesSeparatedBy(',');
    private static final OptionSpec<String> INCLUDE = PARSER.accepts("include",
            "regular expression: the benchmarks whose class and method name contains it").withRequiredArg().defaultsTo("");
    private static final OptionSpec<String> JVM_ARGS = PARSER.accepts("jvm-args",
            "more arguments for every fork, such as -XX:UseAVX=2").withRequiredArg().defaultsTo("");
    private static final OptionSpec<String> OUT = PARSER.accepts("out", "folder to write to")
            .withRequiredArg().defaultsTo("target/report");

    private Report() {
    }

    public static void main(String[] arguments) throws IOException {
        OptionSet options;
        try {
            options = PARSER.parse(arguments);
        } catch (OptionException e) {
            System.err.println(e.getMessage() + "; --help lists the options");
            System.exit(2);
            return;
        }
        if (options.has(HELP)) {
            PARSER.printHelpOn(System.out);
            return;
        }
        System.exit(run(options));
    }

    /** Returns the exit status: 0 when every benchmark ran and gave right answers. */
    private static int run(OptionSet options) throws IOException {
        var shapes = options.valuesOf(SHAPES);
        Predicate<String> shape = shapes.isEmpty() ? _ -> true : shapes::contains;
        var jobs = RunBenchmarks.jobs(Pattern.compile(options.valueOf(INCLUDE)), shape);
        if (!options.has(FULL) && shapes.isEmpty()) {
            jobs = RunBenchmarks.quick(jobs);
        }
        jobs = RunBenchmarks.withoutIdleProbes(jobs);
        if (jobs.isEmpty()) {
            System.err.println("no benchmark matches --include and --shapes");
            return 2;
        }
        var plan = options.has(FULL) ? Plan.full() : Plan.quick(jobs.size(), Duration.ofSeconds(options.valueOf(SECONDS)));
        var directory = Path.of(options.valueOf(OUT));
        var jvmArguments = List.of(options.valueOf(JVM_ARGS).split(" ")).stream().filter(s -> !s.isEmpty()).toList();
        System.out.printf("%d benchmarks, %s: about %d s%n", jobs.size(), plan, plan.total(jobs.size()).toSeconds());

        String load = HostInfo.load();
        var start = Instant.now();
        var outcome = new RunBenchmarks(plan, directory, jvmArguments).run(jobs);
        var header = new Header(plan, start.truncatedTo(ChronoUnit.SECONDS), load);

        try (var json = new PrintStream(Files.newOutputStream(directory.resolve("jmh-result.json")))) {
            ResultFormatFactory.getInstance(ResultFormatType.JSON, json).writeOut(outcome.results().values());
        }
        var report = new ReportWriter(directory, header, outcome);
        System.out.println();
        System.out.print(report.write());
        System.out.printf("Report, chart, JMH JSON and log: %s%n", directory);
        return outcome.failures().isEmpty() ? 0 : 1;
    }
}
