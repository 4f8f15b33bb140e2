package io.github.surprisal.bench;

import java.io.BufferedOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.regex.Pattern;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormat;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** JMH's Runner, one fork at a time. JMH's own, long output goes to a file. */
final class JmhForker implements Forker, Closeable {

    private final Plan plan;
    private final RunFolder folder;
    private final List<String> jvmArguments;
    private final PrintStream out;
    private final OutputFormat format;

    JmhForker(Plan plan, RunFolder folder, List<String> jvmArguments) {
        this.plan = plan;
        this.folder = folder;
        this.jvmArguments = List.copyOf(jvmArguments);
        // JMH's lock is one file for the whole machine: another user's run, or a stale file, must not stop this one.
        System.setProperty("jmh.ignoreLock", "true");
        try {
            out = new PrintStream(new BufferedOutputStream(Files.newOutputStream(folder.log())), true, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw folder.notWritable(e);
        }
        format = OutputFormatFactory.createFormatInstance(out, VerboseMode.NORMAL);
    }

    @Override
    public Fork measure(Job job) throws JobFailed {
        long logged = logged();
        Collection<RunResult> results = run(job);
        out.flush();
        // A fork that fails after its measurement, as in the check of its answers, leaves results without metadata.
        boolean finished = !results.isEmpty() && results.stream().flatMap(result -> result.getBenchmarkResults().stream())
                .allMatch(result -> result.getMetadata() != null);
        if (!finished) {
            throw new JobFailed(reason(logged));
        }
        var result = results.iterator().next();
        var notes = Notes.read(folder.notes(), result.getParams());
        String bytes = notes.getProperty(Notes.ALLOCATED_BYTES);
        if (bytes != null) {
            long operations = result.getBenchmarkResults().iterator().next().getMetadata().getMeasurementOps();
            notes.setProperty(Notes.BYTES_PER_OPERATION, Double.toString(Double.parseDouble(bytes) / operations));
        }
        return new Fork(result, notes);
    }

    private Collection<RunResult> run(Job job) {
        try {
            return new Runner(options(job), format).run();
        } catch (RunnerException e) {
            format.println(e.toString());
            return List.of();
        }
    }

    private Options options(Job job) {
        var arguments = new ArrayList<>(List.of(Forks.minHeap(plan.threads()), Forks.maxHeap(plan.threads())));
        arguments.addAll(jvmArguments);
        arguments.add(Notes.argument(folder.notes()));
        var options = new OptionsBuilder()
                .include("^" + Pattern.quote(job.benchmark()) + "$")
                .param("shape", job.shape())
                .forks(1)
                .threads(plan.threads(job))
                .jvmArgsPrepend(arguments.toArray(String[]::new))
                // the other benchmarks still run; the report lists the failure
                .shouldFailOnError(false);
        if (job.isCold()) {
            return options.warmupIterations(0).measurementIterations(1).build();
        }
        return options.warmupIterations(plan.warmups()).warmupTime(time(plan.warmup()))
                .measurementIterations(plan.measurements()).measurementTime(time(plan.measurement())).build();
    }

    private static TimeValue time(Duration duration) {
        return TimeValue.milliseconds(duration.toMillis());
    }

    private long logged() {
        try {
            return Files.size(folder.log());
        } catch (IOException e) {
            return 0;
        }
    }

    /** The first exception that JMH logged from position {@code from} on. */
    private String reason(long from) {
        String see = "see " + folder.log().getFileName();
        try {
            byte[] logged = Files.readAllBytes(folder.log());
            return new String(logged, (int) from, logged.length - (int) from, StandardCharsets.UTF_8).lines()
                    .filter(line -> line.matches(".*(Exception|Error).*") && !line.startsWith("\tat "))
                    .findFirst().orElse(see);
        } catch (IOException e) {
            return see;
        }
    }

    @Override
    public void close() {
        out.close();
    }
}
