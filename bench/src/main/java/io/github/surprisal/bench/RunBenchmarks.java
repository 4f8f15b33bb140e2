package io.github.surprisal.bench;

import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.SequencedMap;
import java.util.stream.Collectors;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.RunResult;

/**
 * Runs jobs round by round, printing a line for each, and keeps the files up to date: a run that is stopped leaves all that it
 * measured.
 */
final class RunBenchmarks {

    private final Plan plan;
    private final RunFolder folder;
    private final Forker forker;
    private final SequencedMap<String, String> facts;
    private final PrintStream console;
    private final SequencedMap<Job, RunResult> results = new LinkedHashMap<>();
    private final Map<Job, List<Properties>> notes = new LinkedHashMap<>();
    private final SequencedMap<Job, String> failures = new LinkedHashMap<>();
    private int planned;
    private int done;
    private boolean stopped;

    RunBenchmarks(Plan plan, RunFolder folder, Forker forker, SequencedMap<String, String> facts, PrintStream console) {
        this.plan = plan;
        this.folder = folder;
        this.forker = forker;
        this.facts = facts;
        this.console = console;
    }

    /** Runs all jobs; again, for more rounds of some. False if it was stopped. */
    boolean run(List<Job> jobs) {
        var all = new LinkedHashSet<>(results.keySet());
        all.addAll(jobs);
        var order = List.copyOf(all);
        var left = new ArrayList<>(plan.schedule(jobs));
        planned += left.size();
        var estimated = plan.total(jobs);
        var used = Duration.ZERO;
        var start = Instant.now();
        while (!left.isEmpty()) {
            Job job = left.removeFirst();
            String outcome = measure(job, order);
            if (isStopped()) {
                return false;
            }
            used = used.plus(plan.once(job));
            double slower = Duration.between(start, Instant.now()).toMillis() / (double) used.toMillis();
            long seconds = Math.round(estimated.minus(used).toMillis() * slower / 1e3);
            console.println(String.format(Locale.ROOT, "[%d/%d] %-58s %s, %d:%02d left",
                    done, planned, job, outcome, seconds / 60, seconds % 60));
        }
        return true;
    }

    private String measure(Job job, List<Job> order) {
        if (failures.containsKey(job)) {
            done++;
            return "failed before";
        }
        try {
            return keep(job, forker.measure(job), order);
        } catch (JobFailed e) {
            return fail(job, e.getMessage());
        }
    }

    private synchronized String keep(Job job, Forker.Fork fork, List<Job> order) {
        if (stopped) {
            return "";
        }
        results.merge(job, fork.result(), RunBenchmarks::merge);
        notes.computeIfAbsent(job, _ -> new ArrayList<>()).add(fork.notes());
        // a round backwards must not decide the order of the report
        for (Job next : order) {
            RunResult result = results.remove(next);
            if (result != null) {
                results.putLast(next, result);
            }
        }
        done++;
        save();
        double score = fork.result().getPrimaryResult().getScore();
        return job.isCold() ? String.format(Locale.ROOT, "%8.3f ms", score)
                : String.format(Locale.ROOT, "%8.3f %s", score * new Shape(job.shape()).elements() / 1e9, Measurement.unit(job));
    }

    private synchronized String fail(Job job, String reason) {
        if (stopped) {
            // killed with the run: no failure of its own
            return "";
        }
        results.remove(job);
        notes.remove(job);
        failures.put(job, reason);
        done++;
        save();
        return "failed";
    }

    private void save() {
        folder.save(results.values(), info());
    }

    private RunInfo info() {
        var noted = new LinkedHashMap<String, List<Map<String, String>>>();
        notes.forEach((job, forks) -> noted.put(job.key(), forks.stream().map(RunBenchmarks::map).toList()));
        var failed = new LinkedHashMap<String, String>();
        failures.forEach((job, reason) -> failed.put(job.key(), reason));
        return new RunInfo(facts, HostInfo.cacheSizes(), noted, failed, planned, done);
    }

    private static Map<String, String> map(Properties properties) {
        return properties.stringPropertyNames().stream().sorted()
                .collect(Collectors.toMap(name -> name, properties::getProperty, (a, _) -> a, LinkedHashMap::new));
    }

    private static RunResult merge(RunResult a, RunResult b) {
        var both = new ArrayList<BenchmarkResult>(a.getBenchmarkResults());
        both.addAll(b.getBenchmarkResults());
        return new RunResult(a.getParams(), both);
    }

    /** From now on nothing is kept. Called by another thread, when the JVM ends early. */
    synchronized void stop() {
        stopped = true;
    }

    private synchronized boolean isStopped() {
        return stopped;
    }

    synchronized boolean hasResults() {
        return !results.isEmpty();
    }

    /** Why there are no results. */
    synchronized String firstFailure() {
        return failures.entrySet().stream().findFirst().map(failure -> failure.getKey() + ": " + failure.getValue())
                .orElse("it was stopped before the first result");
    }

    synchronized boolean hasFailures() {
        return !failures.isEmpty();
    }
}
