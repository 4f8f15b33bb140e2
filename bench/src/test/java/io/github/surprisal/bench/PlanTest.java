package io.github.surprisal.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** A quick run is planned to take its time, however many benchmarks are added. */
class PlanTest {

    private static final Duration BUDGET = Duration.ofSeconds(720);

    private static List<Job> quick() {
        var all = Jobs.select(Jobs.all(), List.of(), List.of(), Pattern.compile(""), false);
        return Jobs.withTheirProbes(Jobs.quick(all), Jobs.quick(all));
    }

    @Test
    void quickRunFitsItsBudget() {
        var jobs = quick();
        var plan = Plan.quick(jobs, BUDGET);
        assertTrue(plan.total(jobs).compareTo(BUDGET) <= 0, jobs.size() + " benchmarks, " + plan.total(jobs) + ": " + plan);
    }

    @Test
    void fewBenchmarksGetASecondRoundAndLongerIterations() {
        var few = quick().stream().filter(job -> !job.isCold()).limit(20).toList();
        assertEquals(2, Plan.quick(few, BUDGET).rounds());
        assertEquals(Duration.ofMillis(500), Plan.quick(few, BUDGET).measurement());
        assertEquals(1, Plan.quick(few, Duration.ofSeconds(40)).rounds());
    }

    @Test
    void everySecondRoundRunsBackwards() {
        var jobs = quick().stream().filter(job -> !job.isCold()).limit(2).toList();
        var plan = Plan.quick(jobs, BUDGET).withRounds(3);
        assertEquals(List.of(jobs.get(0), jobs.get(1), jobs.get(1), jobs.get(0), jobs.get(0), jobs.get(1)), plan.schedule(jobs));
    }

    @Test
    void coldStartsHaveRoundsOfTheirOwnAndOneThread() {
        Job cold = quick().stream().filter(Job::isCold).findFirst().orElseThrow();
        var plan = Plan.full().withThreads(2);
        assertEquals(plan.coldRounds(), plan.schedule(List.of(cold)).size());
        assertEquals(1, plan.threads(cold));
    }

    @Test
    void shapes() {
        var shape = new Shape("64x21x4096");
        assertEquals(64 * 21 * 4096, shape.elements());
        assertEquals(64, shape.rows());
        assertEquals(4096, shape.dimension(2));
        assertEquals("64 x 21 x 4096", shape.toString());
    }
}
