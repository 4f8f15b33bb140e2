package io.github.surprisal.bench;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormat;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** Runs jobs through JMH, one by one, printing a line for each; JMH's own, much longer, output goes to a file. */
final class RunBenchmarks {

    private final Plan plan;
    private final Path notes;
    private final Path log;
    private final List<String> jvmArguments;

    RunBenchmarks(Plan plan, Path directory, List<String> jvmArguments) {
        this.plan = plan;
        this.notes = directory.resolve("notes");
        this.log = directory.resolve("jmh.log");
        this.jvmArguments = jvmArguments;
        // JMH's lock is one file for the whole machine: another user's run, or a stale file, must not stop this one.
        System.setProperty("jmh.ignoreLock", "true");
    }

    /** All benchmarks on the class path on all their shapes, filtered, in an order that runs a shape's variants side by side. */
    static List<Job> jobs(Pattern include, Predicate<String> shapes) {
        var jobs = new ArrayList<Job>();
        var silent = OutputFormatFactory.createFormatInstance(
                new PrintStream(PrintStream.nullOutputStream()), VerboseMode.SILENT);
        for (var entry : BenchmarkList.defaultList().find(silent, List.of(".*"), List.of())) {
            String name = entry.getUsername();
            for (String shape : entry.getParams().orElse(Map.of()).getOrDefault("shape", new String[0])) {
                if (include.matcher(name).find() && shapes.test(shape)) {
                    jobs.add(new Job(entry.getUserClassQName(), name.substring(name.lastIndexOf('.') + 1), shape));
                }
            }
        }
        jobs.sort(Job.sideBySide());
        return jobs;
    }

    /** Without the rest of a family's shapes, for a quick run. */
    static List<Job> quick(List<Job> jobs) {
        return jobs.stream().filter(Job::isQuick).toList();
    }

    /** Without the probes that bound none of the others, unless there are no others. */
    static List<Job> withoutIdleProbes(List<Job> jobs) {
        var others = jobs.stream().filter(job -> !job.isRoofline()).toList();
        return jobs.stream().filter(job -> !job.isRoofline() || others.isEmpty()
                || others.stream().anyMatch(other -> other.isBoundedBy(job))).toList();
    }

    Outcome run(List<Job> jobs) throws IOException {
        Files.createDirectories(notes);
        var results = new LinkedHashMap<Job, RunResult>();
        var failures = new LinkedHashMap<Job, String>();
        try (var out = new PrintStream(new BufferedOutputStream(Files.newOutputStream(log)), true, StandardCharsets.UTF_8)) {
            var format = OutputFormatFactory.createFormatInstance(out, VerboseMode.NORMAL);
            var start = Instant.now();
            int total = plan.rounds() * jobs.size();
            int done = 0;
            for (int round = 0; round < plan.rounds(); round++) {
                // Backwards every second time: a drift of the machine's speed then favours no variant.
                for (Job job : round % 2 == 0 ? jobs : jobs.reversed()) {
                    long logged = Files.size(log);
                    Collection<RunResult> result = failures.containsKey(job) ? List.of() : run(job, format);
                    out.flush();
                    done++;
                    if (result.isEmpty()) {
                        results.remove(job);
                        failures.computeIfAbsent(job, _ -> reason(logged));
                    } else {
                        results.merge(job, result.iterator().next(), RunBenchmarks::merge);
                    }
                    printProgress(job, result, done, total, start);
                }
            }
        }
        // the second round's insertions must not decide the order of the report
        var inOrder = new LinkedHashMap<Job, RunResult>();
        var noted = new HashMap<Job, Properties>();
        for (Job job : jobs) {
            if (results.containsKey(job)) {
                inOrder.put(job, results.get(job));
                noted.put(job, Notes.read(notes, results.get(job).getParams()));
            }
        }
        return new Outcome(inOrder, noted, failures);
    }

    /** Empty when the job failed. */
    private Collection<RunResult> run(Job job, OutputFormat format) {
        try {
            var results = new Runner(options(job), format).run();
            // A fork that fails after its measurement, as in the check of its answers, leaves results without metadata.
            boolean finished = results.stream().flatMap(result -> result.getBenchmarkResults().stream())
                    .allMatch(result -> result.getMetadata() != null);
            return finished ? results : List.of();
        } catch (RunnerException e) {
            format.println(e.toString());
            return List.of();
        }
    }

    private Options options(Job job) {
        var arguments = new ArrayList<>(jvmArguments);
        arguments.add(Notes.argument(notes));
        return new OptionsBuilder()
                .include("^" + Pattern.quote(job.benchmark()) + "$")
                .param("shape", job.shape())
                .forks(1)
                .warmupIterations(plan.warmups())
                .warmupTime(time(plan.warmup()))
                .measurementIterations(plan.measurements())
                .measurementTime(time(plan.measurement()))
                .jvmArgsPrepend(arguments.toArray(String[]::new))
                .addProfiler(GCProfiler.class)
                // the other benchmarks still run; the report lists the failure
                .shouldFailOnError(false)
                .build();
    }

    private static TimeValue time(Duration duration) {
        return TimeValue.milliseconds(duration.toMillis());
    }

    private static RunResult merge(RunResult a, RunResult b) {
        var both = new ArrayList<BenchmarkResult>(a.getBenchmarkResults());
        both.addAll(b.getBenchmarkResults());
        return new RunResult(a.getParams(), both);
    }

    private void printProgress(Job job, Collection<RunResult> result, int done, int total, Instant start) {
        String outcome = "failed";
        if (!result.isEmpty()) {
            double rate = result.iterator().next().getPrimaryResult().getScore() * new Shape(job.shape()).elements();
            outcome = String.format(Locale.ROOT, "%7.3f Gelem/s", rate / 1e9);
        }
        long left = Duration.between(start, Instant.now()).toSeconds() * (total - done) / done;
        System.out.println(String.format(Locale.ROOT, "[%d/%d] %-50s %s, %d:%02d left",
                done, total, job, outcome, left / 60, left % 60));
    }

    /** The first exception that JMH logged from position {@code from} on. */
    private String reason(long from) {
        try {
            byte[] logged = Files.readAllBytes(log);
            return new String(logged, (int) from, logged.length - (int) from, StandardCharsets.UTF_8).lines()
                    .filter(line -> line.matches(".*(Exception|Error).*") && !line.startsWith("\tat "))
                    .findFirst().orElse("see " + log.getFileName());
        } catch (IOException e) {
            return "see " + log.getFileName();
        }
    }
}
