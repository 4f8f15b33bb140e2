package io.github.surprisal.bench;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Decides whether a run is slower than the baseline. A ratio that looks slower is measured again, together with what it is compared
 * with; it counts as a regression if then it is still slower by more than the tolerance and its confidence interval lies wholly
 * below the baseline's.
 */
final class Gate {

    /** What became of a metric. */
    enum Verdict { PASSED, FASTER, UNCLEAR, SLOWER, FAILED, NEW }

    /** {@code now} and {@code before} are null where there is none. */
    record Decision(String metric, Verdict verdict, Sample now, Sample before) {

        boolean isBad() {
            return verdict == Verdict.SLOWER || verdict == Verdict.FAILED;
        }
    }

    /** Measures jobs once more, and returns all that was measured of any job so far. */
    interface Measurer extends Function<List<Job>, Collection<Result>> {
    }

    /** Of one value the confidence interval is infinite and of two at least a factor of 2.3: what is slower seems unclear, and passes. */
    static final int LEAST_ROUNDS = 3;

    private final Baseline baseline;
    private final double tolerance;

    /** {@code tolerance} is the fraction by which a ratio may fall. */
    Gate(Baseline baseline, double tolerance) {
        this.baseline = baseline;
        this.tolerance = tolerance;
    }

    /** Judges what was measured; suspects are measured again up to {@code repeats} times. */
    List<Decision> judge(Collection<Result> first, int lanes, int repeats, Measurer measurer) {
        var metrics = GateMetric.of(first.stream().map(Result::job).toList(), baseline.backend(), lanes);
        if (metrics.stream().noneMatch(metric -> baseline.ratios().containsKey(metric.name()))) {
            throw new BadInput("the run has none of the ratios in the baseline of %s: let `gate` measure, or make a baseline with --update"
                    .formatted(baseline.backend()));
        }
        var decisions = decide(metrics, first);
        for (int repeat = 0; repeat < repeats; repeat++) {
            var suspects = suspects(metrics, decisions);
            if (suspects.isEmpty()) {
                break;
            }
            decisions = decide(metrics, measurer.apply(suspects));
        }
        return decisions;
    }

    private List<Job> suspects(List<GateMetric> metrics, List<Decision> decisions) {
        var suspects = new LinkedHashSet<Job>();
        for (int i = 0; i < metrics.size(); i++) {
            var verdict = decisions.get(i).verdict();
            if (verdict == Verdict.SLOWER || verdict == Verdict.UNCLEAR) {
                suspects.addAll(metrics.get(i).jobs());
            }
        }
        return List.copyOf(suspects);
    }

    private List<Decision> decide(List<GateMetric> metrics, Collection<Result> results) {
        var byJob = results.stream().collect(Collectors.toMap(Result::job, Function.identity()));
        var decisions = new ArrayList<Decision>();
        for (var metric : metrics) {
            double[] before = baseline.ratios().get(metric.name());
            decisions.add(decide(metric, byJob, before == null ? null : new Sample(before)));
        }
        baseline.ratios().forEach((name, values) -> {
            if (metrics.stream().noneMatch(metric -> metric.name().equals(name))) {
                decisions.add(new Decision(name, Verdict.FAILED, null, new Sample(values)));
            }
        });
        return decisions;
    }

    private Decision decide(GateMetric metric, Map<Job, Result> results, Sample before) {
        var now = metric.sample(results).orElse(null);
        return new Decision(metric.name(), verdict(now, before), now, before);
    }

    private Verdict verdict(Sample now, Sample before) {
        if (now == null) {
            return Verdict.FAILED;
        }
        if (before == null) {
            return Verdict.NEW;
        }
        var change = now.over(before);
        if (change.middle() < 1 - tolerance) {
            return now.interval().isBelow(before.interval()) ? Verdict.SLOWER : Verdict.UNCLEAR;
        }
        return change.middle() > 1 + tolerance && before.interval().isBelow(now.interval()) ? Verdict.FASTER : Verdict.PASSED;
    }

    /** The ratios of a run, for a new baseline. */
    static SequencedMap<String, double[]> ratios(Collection<Result> results, String backend, int lanes) {
        var byJob = results.stream().collect(Collectors.toMap(Result::job, Function.identity()));
        var ratios = new LinkedHashMap<String, double[]>();
        for (var metric : GateMetric.of(results.stream().map(Result::job).toList(), backend, lanes)) {
            metric.sample(byJob).ifPresent(sample -> ratios.put(metric.name(), sample.values()));
        }
        return ratios;
    }

    /** Refuses the ratios of {@code what} if they come from too few rounds to judge by; {@code remedy} is what to do. */
    static void requireRounds(String what, Map<String, double[]> ratios, String remedy) {
        int rounds = ratios.values().stream().mapToInt(values -> values.length).min().orElse(LEAST_ROUNDS);
        if (rounds < LEAST_ROUNDS) {
            throw new BadInput("%s has %d round%s, and to find a slowdown takes %d: %s"
                    .formatted(what, rounds, rounds == 1 ? "" : "s", LEAST_ROUNDS, remedy));
        }
    }

    /** For a pull request. */
    static String markdown(List<Decision> decisions, Baseline baseline, Map<String, String> facts) {
        long bad = decisions.stream().filter(Decision::isBad).count();
        var table = new Table(List.of("ratio", "verdict", "now / baseline", "now", "baseline", "rounds"));
        for (var d : decisions) {
            table.add(List.of(d.metric(), d.verdict().name().toLowerCase(Locale.ROOT),
                    d.now() == null || d.before() == null ? "-" : d.now().over(d.before()).toString(),
                    d.now() == null ? "-" : d.now().interval().toString(), d.before() == null ? "-" : d.before().interval().toString(),
                    d.now() == null ? "-" : Integer.toString(d.now().values().length)));
        }
        String cpu = facts.getOrDefault("CPU", "unknown CPU");
        String cpuBefore = baseline.facts().getOrDefault("CPU", "unknown CPU");
        return "## Benchmarks: " + (bad == 0 ? "no regression" : bad + (bad == 1 ? " ratio is" : " ratios are") + " slower or missing") + "\n\n"
                + "Backend " + baseline.backend() + " on " + cpu + (cpu.equals(cpuBefore) ? "" : "; the baseline is of " + cpuBefore) + ".\n"
                + "Ratios of speeds inside one run, with 99 % confidence intervals. Slower: by more than the tolerance, with an interval wholly\n"
                + "below the baseline's, after a repetition. Unclear: looks slower, but the intervals overlap. Failed: not measured.\n\n" + table.markdown();
    }
}
