package io.github.surprisal.bench;

import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Measures and writes the report. */
@Command(name = "run", mixinStandardHelpOptions = true,
        description = "Measures, and writes the report, JMH's JSON and its log. Ctrl-C leaves the report of what was measured so far.")
final class RunCommand implements Callable<Integer> {

    /** How thorough a run is. */
    enum Thoroughness { QUICK, FULL }

    @Spec
    private CommandSpec spec;

    @Mixin
    private ForkOptions forks;

    @Option(names = "--mode", defaultValue = "quick", paramLabel = "quick|full",
            description = "quick fits --seconds; full has every size, 3 rounds and longer iterations, and takes hours. Default: quick")
    private Thoroughness mode;

    @Option(names = "--full", description = "the same as --mode full")
    private boolean full;

    @Option(names = "--seconds", paramLabel = "N", defaultValue = "720",
            description = "the time that a quick run divides among its benchmarks; with --forks, about for each of them. Default: ${DEFAULT-VALUE}")
    private int seconds;

    @Option(names = "--operations", split = ",", paramLabel = "NAME", description = "these only; `info` lists them")
    private List<String> operations = List.of();

    @Option(names = "--sizes", split = ",", paramLabel = "SIZE",
            description = "these only, such as 64x1024,1x8192, whether or not a quick run has them; `info` lists them")
    private List<String> sizes = List.of();

    @Option(names = "--include", paramLabel = "REGEX", defaultValue = "",
            description = "only benchmarks whose class and method name contains this regular expression")
    private String include;

    @Option(names = "--threads", paramLabel = "N", defaultValue = "1",
            description = "threads that run a benchmark side by side, each on data of its own. Default: ${DEFAULT-VALUE}")
    private int threads;

    @Option(names = "--forks", paramLabel = "N", description = "fresh JVMs for each benchmark; else what the mode has")
    private Integer forkCount;

    @Option(names = "--peers", description = "other libraries too; needs a build with -Ppeers")
    private boolean peers;

    @Option(names = "--out", paramLabel = "FOLDER", defaultValue = "target/report", description = "where to write. Default: ${DEFAULT-VALUE}")
    private Path out;

    @Override
    public Integer call() {
        positive("--seconds", seconds);
        positive("--threads", threads);
        positive("--forks", forkCount == null ? 1 : forkCount);
        ForkOptions.requireVectorModule();
        String backend = BackendName.inFork(forks.jvmArguments());
        var jobs = jobs();
        var plan = plan(jobs);
        var console = System.out;
        var folder = RunFolder.begin(out);
        console.printf("%d benchmarks, %s: about %d s%n", jobs.size(), plan, plan.total(jobs).toSeconds());
        var facts = HostInfo.facts(plan.toString(), Instant.now().truncatedTo(ChronoUnit.SECONDS), forks.jvmArguments());
        facts.put("Backend", backend);
        try (var forker = new JmhForker(plan, folder, forks.jvmArguments())) {
            var run = new RunBenchmarks(plan, folder, forker, facts, console);
            var interrupted = new Thread(() -> {
                run.stop();
                try {
                    report(run, folder, console);
                } catch (BadInput e) {
                    System.err.println(e.getMessage());
                }
            });
            Runtime.getRuntime().addShutdownHook(interrupted);
            boolean goesOn;
            try {
                run.run(jobs);
            } finally {
                // whatever stopped the run is said by who catches it, not by a report at the end of the JVM
                goesOn = remove(interrupted);
            }
            return goesOn ? report(run, folder, console) : Main.FAILED;
        }
    }

    /** False if the JVM ends already, and the hook runs. */
    private static boolean remove(Thread shutdownHook) {
        try {
            return Runtime.getRuntime().removeShutdownHook(shutdownHook);
        } catch (IllegalStateException e) {
            return false;
        }
    }

    /** Writes the pages and says where, or why there are none. Returns the exit status. */
    static int report(RunBenchmarks run, RunFolder folder, PrintStream console) {
        console.println();
        if (run.hasResults()) {
            console.print(Reports.write(folder));
            console.printf("Report, JMH JSON and log: %s%n", folder.path());
        } else {
            console.printf("No report, for nothing was measured (%s). JMH's log: %s%n", run.firstFailure(), folder.log());
        }
        console.flush();
        return run.hasFailures() || !run.hasResults() ? Main.FAILED : 0;
    }

    private List<Job> jobs() {
        var all = Jobs.all();
        var jobs = Jobs.select(all, operations, sizes, pattern(), peers);
        boolean quick = !isFull() && sizes.isEmpty();
        if (quick) {
            jobs = Jobs.quick(jobs);
            all = Jobs.quick(all);
        }
        if (jobs.isEmpty()) {
            throw new BadInput("no benchmark matches --operations, --sizes and --include together; `info` lists what there is");
        }
        return Jobs.withTheirProbes(jobs, all);
    }

    private Pattern pattern() {
        try {
            return Pattern.compile(include);
        } catch (PatternSyntaxException e) {
            throw new ParameterException(spec.commandLine(), "--include is no regular expression: " + e.getDescription());
        }
    }

    private Plan plan(List<Job> jobs) {
        var plan = isFull() ? Plan.full() : Plan.quick(jobs, Duration.ofSeconds(seconds));
        plan = plan.withThreads(threads);
        return forkCount == null ? plan : plan.withRounds(forkCount);
    }

    private boolean isFull() {
        return full || mode == Thoroughness.FULL;
    }

    private void positive(String option, int value) {
        if (value < 1) {
            throw new ParameterException(spec.commandLine(), option + " must be at least 1, not " + value);
        }
    }
}
