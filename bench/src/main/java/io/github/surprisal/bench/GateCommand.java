package io.github.surprisal.bench;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Measures the gate's ratios, or takes a run, and compares with the committed baseline. */
@Command(name = "gate", mixinStandardHelpOptions = true,
        description = "Decides whether this build is slower than the baseline of its backend: exit status 0 no, 1 yes.")
final class GateCommand implements Callable<Integer> {

    private static final Duration ITERATION = Duration.ofMillis(150);

    @Spec
    private CommandSpec spec;

    @Mixin
    private ForkOptions forks;

    @Parameters(arity = "0..1", paramLabel = "RUN", description = "a run's folder or " + RunFolder.RESULTS
            + ", judged as it is; without one the gate measures, and measures again what looks slower")
    private Path given;

    @Option(names = "--baselines", paramLabel = "FOLDER", defaultValue = "baselines", description = "where the baselines are. Default: ${DEFAULT-VALUE}")
    private Path baselines;

    @Option(names = "--tolerance", paramLabel = "FRACTION", defaultValue = "0.1", description = "how much slower is no matter. Default: ${DEFAULT-VALUE}")
    private double tolerance;

    @Option(names = "--rounds", paramLabel = "N", defaultValue = "3", description = "fresh JVMs for each benchmark. Default: ${DEFAULT-VALUE}")
    private int rounds;

    @Option(names = "--repeats", paramLabel = "N", defaultValue = "3", description = "how often suspects are measured again. Default: ${DEFAULT-VALUE}")
    private int repeats;

    @Option(names = "--update", description = "writes the baseline instead of comparing with it; wants more --rounds and a quiet machine")
    private boolean update;

    @Option(names = "--out", paramLabel = "FOLDER", defaultValue = "target/gate",
            description = "where to write the results and gate.md, the summary for a pull request. Default: ${DEFAULT-VALUE}")
    private Path out;

    @Override
    public Integer call() {
        if (rounds < Gate.LEAST_ROUNDS || repeats < 0 || !(tolerance >= 0 && tolerance < 1)) {
            throw new ParameterException(spec.commandLine(), "--rounds must be at least %d, --repeats at least 0, --tolerance in [0, 1)"
                    .formatted(Gate.LEAST_ROUNDS));
        }
        ForkOptions.requireVectorModule();
        if (given != null) {
            var run = Run.load(given);
            var folder = RunFolder.create(out);
            folder.delete(folder.gate());
            return decide(run, run.backend().orElseThrow(() -> new BadInput("%s does not say its backend: keep %s beside it"
                    .formatted(given, RunFolder.INFO))), folder, 0, null);
        }
        String backend = BackendName.inFork(forks.jvmArguments()).replaceAll(":.*", "");
        if (!update) {
            // before minutes are spent
            Baseline.read(Baseline.file(baselines, backend));
        }
        var folder = RunFolder.begin(out);
        var plan = new Plan(rounds, 0, 1, ITERATION, 4, ITERATION, 1);
        var jobs = GateMetric.jobs(Jobs.all(), backend);
        var facts = HostInfo.facts(plan.toString(), Instant.now().truncatedTo(ChronoUnit.SECONDS), forks.jvmArguments());
        System.out.printf("%d benchmarks on %s, %s: about %d s%n", jobs.size(), backend, plan, plan.total(jobs).toSeconds());
        try (var forker = new JmhForker(plan, folder, forks.jvmArguments())) {
            var benchmarks = new RunBenchmarks(plan, folder, forker, facts, System.out);
            benchmarks.run(jobs);
            if (!benchmarks.hasResults()) {
                throw new BadInput("nothing could be measured (%s): %s says more".formatted(benchmarks.firstFailure(), folder.log()));
            }
            return decide(Run.load(folder.path()), backend, folder, repeats, suspects -> {
                System.out.printf("%d benchmarks look slower: again%n", suspects.size());
                benchmarks.run(suspects);
                return Run.load(folder.path()).results();
            });
        }
    }

    private int decide(Run run, String backend, RunFolder folder, int repeats, Gate.Measurer measurer) {
        Path file = Baseline.file(baselines, backend);
        var ratios = Gate.ratios(run.results(), backend, run.probeLanes());
        Gate.requireRounds("the run", ratios, "measure it with --forks %d or more".formatted(Gate.LEAST_ROUNDS));
        if (update) {
            new Baseline(backend, run.info().facts(), ratios).write(file);
            System.out.printf("%d ratios: %s%n", ratios.size(), file);
            return 0;
        }
        var baseline = Baseline.read(file);
        Gate.requireRounds(file.toString(), baseline.ratios(), "make it anew with --update");
        List<Gate.Decision> decisions = new Gate(baseline, tolerance).judge(run.results(), run.probeLanes(), repeats, measurer);
        String summary = Gate.markdown(decisions, baseline, run.info().facts());
        folder.write(folder.gate(), summary);
        System.out.println();
        System.out.print(summary);
        return decisions.stream().anyMatch(Gate.Decision::isBad) ? Main.FAILED : 0;
    }
}
