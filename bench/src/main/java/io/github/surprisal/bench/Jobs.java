package io.github.surprisal.bench;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.VerboseMode;

/** What there is to run, and choosing from it. */
final class Jobs {

    private Jobs() {
    }

    /** All benchmarks on the class path on all their shapes, in an order that runs a shape's variants side by side. */
    static List<Job> all() {
        var jobs = new ArrayList<Job>();
        var silent = OutputFormatFactory.createFormatInstance(
                new PrintStream(PrintStream.nullOutputStream()), VerboseMode.SILENT);
        for (var entry : BenchmarkList.defaultList().find(silent, List.of(".*"), List.of())) {
            String name = entry.getUsername();
            for (String shape : entry.getParams().orElse(Map.of()).getOrDefault("shape", new String[0])) {
                jobs.add(new Job(entry.getUserClassQName(), name.substring(name.lastIndexOf('.') + 1), shape));
            }
        }
        jobs.sort(Job.sideBySide());
        return jobs;
    }

    /** Those of the named operations and shapes, no names meaning all, whose benchmark's name contains {@code include}. */
    static List<Job> select(List<Job> all, Collection<String> operations, Collection<String> shapes, Pattern include, boolean peers) {
        requireKnown("operation", operations, all, Job::operation);
        requireKnown("size", shapes, all, Job::shape);
        if (peers && all.stream().noneMatch(Job::isPeer)) {
            throw new BadInput("this build has no peers: build it with -Ppeers, as in ./mvnw -Pbench,peers verify");
        }
        return all.stream()
                .filter(job -> operations.isEmpty() ? peers || !job.isPeer() : operations.contains(job.operation()))
                .filter(job -> shapes.isEmpty() || shapes.contains(job.shape()))
                .filter(job -> include.matcher(job.benchmark()).find())
                .toList();
    }

    private static void requireKnown(String what, Collection<String> names, List<Job> all, Function<Job, String> name) {
        var known = new TreeSet<>(all.stream().map(name).toList());
        for (String given : names) {
            if (!known.contains(given)) {
                throw new BadInput("there is no %s '%s'; there are %s".formatted(what, given, String.join(", ", known)));
            }
        }
    }

    /** Without the rest of a family's shapes, for a quick run. */
    static List<Job> quick(List<Job> jobs) {
        return jobs.stream().filter(Job::isQuick).toList();
    }

    /** With the probes in {@code all} that bound some of {@code jobs}, and without the others, unless there are only probes. */
    static List<Job> withTheirProbes(List<Job> jobs, List<Job> all) {
        if (jobs.stream().allMatch(Job::isProbe)) {
            return jobs;
        }
        return all.stream().filter(job -> job.isProbe() ? jobs.stream().anyMatch(other -> other.isBoundedBy(job)) : jobs.contains(job))
                .toList();
    }
}
