package io.github.surprisal.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/**
 * A ratio inside one run: one of our benchmarks over what ran beside it on the same machine, so that a slower machine does not
 * look like slower code. Of several references the fastest counts; {@code scale} times their rate is what ours could have.
 */
record GateMetric(String name, Job ours, List<Job> references, double scale) {

    private static final String SIMD = "Surprisal SIMD";
    private static final String SCALAR = "Surprisal scalar";
    private static final String PLAIN = "plain loop";

    /** What the gate measures on the backend. */
    static List<Job> jobs(List<Job> all, String backend) {
        var gated = all.stream().filter(Job::isGated).filter(job -> job.label().equals(ours(backend)) || job.label().equals(PLAIN)).toList();
        boolean scalar = backend.equals("scalar");
        return all.stream().filter(job -> gated.contains(job) && hasOurs(gated, job, backend)
                || !scalar && job.isProbe() && gated.stream().anyMatch(other -> other.isBoundedBy(job) && isGoodFor(job, other))).toList();
    }

    private static boolean hasOurs(List<Job> gated, Job job, String backend) {
        return gated.stream().anyMatch(other -> other.className().equals(job.className()) && other.shape().equals(job.shape())
                && other.label().equals(ours(backend)));
    }

    /** Memory bounds what caches do not hold, arithmetic the rest. */
    private static boolean isGoodFor(Job probe, Job job) {
        return probe.isArithmeticProbe() != isLarge(job);
    }

    private static boolean isLarge(Job job) {
        return new Shape(job.shape()).elements() >= 1 << 24;
    }

    private static String ours(String backend) {
        return backend.equals("scalar") ? SCALAR : SIMD;
    }

    /** The ratios that the measured jobs allow; {@code lanes} are the floats of a vector. */
    static List<GateMetric> of(List<Job> measured, String backend, int lanes) {
        var metrics = new ArrayList<GateMetric>();
        for (Job job : measured) {
            if (!job.isGated() || !job.label().equals(ours(backend))) {
                continue;
            }
            add(metrics, job, PLAIN, 1, measured, other -> other.className().equals(job.className())
                    && other.shape().equals(job.shape()) && other.label().equals(PLAIN));
            if (!backend.equals("scalar")) {
                // not the bound, which changes with what the recipe is said to spend: a recorded ratio must not
                add(metrics, job, isLarge(job) ? "memory" : "FMA rate", isLarge(job) ? 1 : lanes, measured,
                        other -> other.isProbe() && job.isBoundedBy(other) && isGoodFor(other, job));
            }
        }
        return metrics;
    }

    private static void add(List<GateMetric> metrics, Job job, String reference, double scale, List<Job> measured, Predicate<Job> isReference) {
        var references = measured.stream().filter(isReference).toList();
        if (!references.isEmpty()) {
            metrics.add(new GateMetric("%s %s / %s".formatted(job.operation(), job.shape(), reference), job, references, scale));
        }
    }

    List<Job> jobs() {
        var jobs = new ArrayList<>(references);
        jobs.add(ours);
        return jobs;
    }

    /** One ratio for each round, whose forks ran close to each other; empty if one of them failed. */
    Optional<Sample> sample(Map<Job, Result> results) {
        if (!results.keySet().containsAll(jobs())) {
            return Optional.empty();
        }
        double[] rates = rates(results.get(ours));
        var others = references.stream().map(job -> rates(results.get(job))).toList();
        int rounds = others.stream().mapToInt(rate -> rate.length).reduce(rates.length, Math::min);
        return Optional.of(new Sample(IntStream.range(0, rounds)
                .mapToDouble(i -> rates[i] / (scale * others.stream().mapToDouble(rate -> rate[i]).max().orElseThrow())).toArray()));
    }

    private static double[] rates(Result result) {
        return Arrays.stream(result.medianOfForks()).map(score -> score * new Shape(result.job().shape()).elements()).toArray();
    }
}
