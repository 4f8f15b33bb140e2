package io.github.surprisal.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * How long each benchmark runs. A round runs every benchmark once, in a fresh JVM; several rounds rather than several
 * forks in a row spread each benchmark over the whole run, so that a noisy minute does not hit one variant alone. Cold starts
 * have rounds of their own number, as each gives only one first call.
 */
record Plan(int rounds, int coldRounds, int warmups, Duration warmup, int measurements, Duration measurement, int threads) {

    // Setup has compiled the code already (see Trial.prepare), but not within JMH's own loop.
    private static final int QUICK_WARMUPS = 2;
    private static final int QUICK_MEASUREMENTS = 4;
    private static final int QUICK_COLD_ROUNDS = 3;
    // Below 0.1 s an iteration of a plain loop over the large shapes is one operation.
    private static final long MIN_MILLIS = 100;
    private static final long MAX_MILLIS = 500;
    // a second round is worth more than longer iterations from here on
    private static final long TWO_ROUNDS_MILLIS = 300;
    private static final Duration COLD = Duration.ofMillis(2_500);

    /** Fits {@code jobs} into {@code budget}: two rounds if each still gets a useful time, else one. */
    static Plan quick(List<Job> jobs, Duration budget) {
        long warm = Math.max(1, jobs.stream().filter(job -> !job.isCold()).count());
        long millis = (budget.minus(minimum(jobs, 2)).toMillis() / warm / 2 + iterations() * MIN_MILLIS) / iterations();
        if (millis >= TWO_ROUNDS_MILLIS) {
            return quick(2, millis);
        }
        return quick(1, (budget.minus(minimum(jobs, 1)).toMillis() / warm + iterations() * MIN_MILLIS) / iterations());
    }

    private static Plan quick(int rounds, long millis) {
        var iteration = Duration.ofMillis(Math.clamp(millis, MIN_MILLIS, MAX_MILLIS));
        return new Plan(rounds, QUICK_COLD_ROUNDS, QUICK_WARMUPS, iteration, QUICK_MEASUREMENTS, iteration, 1);
    }

    private static Duration minimum(List<Job> jobs, int rounds) {
        return quick(rounds, MIN_MILLIS).total(jobs);
    }

    private static int iterations() {
        return QUICK_WARMUPS + QUICK_MEASUREMENTS;
    }

    static Plan full() {
        return new Plan(3, 15, 2, Duration.ofMillis(500), 6, Duration.ofMillis(500), 1);
    }

    Plan withRounds(int rounds) {
        return new Plan(rounds, rounds, warmups, warmup, measurements, measurement, threads);
    }

    Plan withThreads(int threads) {
        return new Plan(rounds, coldRounds, warmups, warmup, measurements, measurement, threads);
    }

    int rounds(Job job) {
        return job.isCold() ? coldRounds : rounds;
    }

    /** First calls are those of one thread. */
    int threads(Job job) {
        return job.isCold() ? 1 : threads;
    }

    /** All forks in their order. Backwards every second round: a drift of the machine's speed then favours no variant. */
    List<Job> schedule(List<Job> jobs) {
        var schedule = new ArrayList<Job>();
        for (int round = 0; round < Math.max(rounds, coldRounds); round++) {
            for (Job job : round % 2 == 0 ? jobs : jobs.reversed()) {
                if (round < rounds(job)) {
                    schedule.add(job);
                }
            }
        }
        return schedule;
    }

    /** What one fork of {@code job} takes, roughly. */
    Duration once(Job job) {
        return job.isCold() ? job.overhead().plus(COLD)
                : job.overhead().plus(warmup.multipliedBy(warmups)).plus(measurement.multipliedBy(measurements));
    }

    /** What {@code jobs} take in all, roughly. */
    Duration total(List<Job> jobs) {
        return jobs.stream().map(job -> once(job).multipliedBy(rounds(job))).reduce(Duration.ZERO, Duration::plus);
    }

    @Override
    public String toString() {
        return "%s in fresh JVMs, each warm-up %d x %.2f s, measurement %d x %.2f s; cold starts %s; %s".formatted(
                count(rounds, "round"), warmups, warmup.toMillis() / 1e3, measurements, measurement.toMillis() / 1e3,
                count(coldRounds, "round"), count(threads, "thread"));
    }

    private static String count(int number, String what) {
        return number + " " + what + (number == 1 ? "" : "s");
    }
}
