package io.github.surprisal.bench;

import java.time.Duration;

/**
 * How long each benchmark runs. A round runs every benchmark once, in a fresh JVM; several rounds rather than several
 * forks in a row spread each benchmark over the whole run, so that a noisy minute does not hit one variant alone.
 */
record Plan(int rounds, int warmups, Duration warmup, int measurements, Duration measurement) {

    // JVM start, data, compilation, check of the answers: measured, 1 s for small shapes and up to 3 s for 8 Mi elements
    private static final Duration OVERHEAD = Duration.ofMillis(1800);
    // Setup has compiled the code already (see Trial.warmUp).
    private static final int QUICK_WARMUPS = 1;
    private static final int QUICK_MEASUREMENTS = 4;
    // Below 0.1 s an iteration of a plain loop over the large shapes is one operation.
    private static final long MIN_MILLIS = 100;
    private static final long MAX_MILLIS = 500;

    /** Fits {@code benchmarks} into {@code budget}: two rounds if each still gets a useful time, else one. */
    static Plan quick(int benchmarks, Duration budget) {
        Duration each = budget.dividedBy(Math.max(1, benchmarks));
        int rounds = each.compareTo(OVERHEAD.multipliedBy(7).dividedBy(2)) >= 0 ? 2 : 1;
        long millis = each.dividedBy(rounds).minus(OVERHEAD).toMillis() / (QUICK_WARMUPS + QUICK_MEASUREMENTS);
        var iteration = Duration.ofMillis(Math.clamp(millis, MIN_MILLIS, MAX_MILLIS));
        return new Plan(rounds, QUICK_WARMUPS, iteration, QUICK_MEASUREMENTS, iteration);
    }

    static Plan full() {
        return new Plan(3, 3, Duration.ofSeconds(1), 8, Duration.ofSeconds(1));
    }

    /** What {@code benchmarks} take in all, roughly. */
    Duration total(int benchmarks) {
        return OVERHEAD.plus(warmup.multipliedBy(warmups)).plus(measurement.multipliedBy(measurements))
                .multipliedBy(rounds).multipliedBy(benchmarks);
    }

    @Override
    public String toString() {
        return "%d %s in fresh JVMs, each warm-up %d x %.2f s, measurement %d x %.2f s".formatted(
                rounds, rounds == 1 ? "round" : "rounds", warmups, warmup.toMillis() / 1e3, measurements, measurement.toMillis() / 1e3);
    }
}
