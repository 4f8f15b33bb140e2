package io.github.surprisal.bench;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The speeds of two runs, benchmark by benchmark. */
final class Comparison {

    private static final int ENOUGH_FORKS = 3;

    private final List<Result> before;
    private final Map<Job, Result> after;

    Comparison(List<Result> before, List<Result> after) {
        this.before = before;
        this.after = after.stream().collect(Collectors.toMap(Result::job, Function.identity()));
        // a probe is no benchmark: two runs of any operations may share one
        if (before.stream().map(Result::job).noneMatch(job -> !job.isProbe() && this.after.containsKey(job))) {
            throw new BadInput("the two runs have no benchmark in common: run both with the same --operations and --sizes");
        }
    }

    String markdown() {
        var table = new Table(List.of("benchmark", "old", "new", "new / old", "verdict"));
        boolean fewForks = false;
        for (Result old : before) {
            Result now = after.get(old.job());
            if (now == null) {
                continue;
            }
            boolean few = Math.min(old.forks().size(), now.forks().size()) < ENOUGH_FORKS;
            fewForks |= few;
            // a cold start's score is a time, not a rate
            var ratio = old.job().isCold() ? sample(old, few).over(sample(now, few)) : sample(now, few).over(sample(old, few));
            table.add(List.of(old.job().toString(), score(old), score(now), ratio.toString(), verdict(ratio)));
        }
        long missing = before.stream().filter(result -> !after.containsKey(result.job())).count();
        long added = after.size() - (before.size() - missing);
        return table.markdown() + "\nOver 1 is faster."
                + (fewForks ? " With fewer than %d JVMs each, intervals are those of iterations: what differs between JVMs is not in them."
                        .formatted(ENOUGH_FORKS) : "")
                + (missing + added == 0 ? "" : " Only in the old run: %d; only in the new: %d.".formatted(missing, added)) + "\n";
    }

    private static Sample sample(Result result, boolean iterations) {
        return new Sample(iterations ? result.scores() : result.medianOfForks());
    }

    private static String score(Result result) {
        return result.job().isCold() ? Tables.format("%.2f ms", result.median())
                : Tables.format("%.3f ", result.median() * new Shape(result.job().shape()).elements() / 1e9) + Measurement.unit(result.job());
    }

    private static String verdict(Sample.Interval ratio) {
        return ratio.isBelow(1) ? "slower" : ratio.isAbove(1) ? "faster" : "same";
    }
}
