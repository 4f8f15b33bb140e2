package io.github.surprisal.bench;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The speeds of two runs, benchmark by benchmark. */
final class Comparison {

    private static final int ENOUGH_FORKS = 3;

    private final Run oldRun;
    private final Run newRun;
    private final List<Result> before;
    private final Map<Job, Result> after;

    Comparison(Run oldRun, Run newRun) {
        this.oldRun = oldRun;
        this.newRun = newRun;
        before = oldRun.results();
        after = newRun.results().stream().collect(Collectors.toMap(Result::job, Function.identity()));
        // a probe is no benchmark: two runs of any operations may share one
        if (before.stream().map(Result::job).noneMatch(job -> !job.isProbe() && after.containsKey(job))) {
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
                + (missing + added == 0 ? "" : " Only in the old run: %d; only in the new: %d.".formatted(missing, added)) + "\n"
                + differences();
    }

    /** A line that says what may explain a ratio besides the code; empty if the runs tell of nothing. */
    private String differences() {
        var common = before.stream().map(Result::job).filter(after::containsKey).toList();
        String all = Stream.of(difference("CPU", fact(oldRun, "CPU"), fact(newRun, "CPU")),
                difference("JDK", fact(oldRun, "JDK"), fact(newRun, "JDK")),
                difference("backend", backends(oldRun, common), backends(newRun, common)),
                difference("JVM flags", flags(oldRun, common), flags(newRun, common)))
                .flatMap(Optional::stream).collect(Collectors.joining("; "));
        return all.isEmpty() ? "" : "More than the code differs: " + all + ".\n";
    }

    private static Set<String> fact(Run run, String name) {
        return Stream.ofNullable(run.info().facts().get(name)).collect(Collectors.toSet());
    }

    private static Set<String> backends(Run run, List<Job> jobs) {
        return jobs.stream().flatMap(job -> run.notes(job, Notes.BACKEND).stream()).collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private static Set<String> flags(Run run, List<Job> jobs) {
        return run.results().stream().filter(result -> jobs.contains(result.job())).flatMap(result -> result.flags().stream())
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    /** What only one of the runs has; empty if there is no such thing, or one of them does not say. */
    private static Optional<String> difference(String what, Set<String> old, Set<String> now) {
        return old.equals(now) || old.isEmpty() || now.isEmpty() ? Optional.empty()
                : Optional.of("%s %s, then %s".formatted(what, without(old, now), without(now, old)));
    }

    private static String without(Set<String> some, Set<String> others) {
        String rest = some.stream().filter(one -> !others.contains(one)).collect(Collectors.joining(" "));
        return rest.isEmpty() ? "none" : rest;
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
