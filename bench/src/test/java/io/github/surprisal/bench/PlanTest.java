package io.github.surprisal.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** The quick run keeps to its time, however many benchmarks are added. */
class PlanTest {

    private static final Duration BUDGET = Duration.ofSeconds(230);

    @Test
    void quickRunFitsItsBudget() {
        // 100 are about as many as can start and stop within it
        for (int benchmarks = 1; benchmarks <= 100; benchmarks++) {
            var plan = Plan.quick(benchmarks, BUDGET);
            assertTrue(plan.total(benchmarks).compareTo(BUDGET) <= 0, benchmarks + " benchmarks: " + plan);
        }
    }

    @Test
    void fewBenchmarksGetASecondRound() {
        assertEquals(2, Plan.quick(36, BUDGET).rounds());
        assertEquals(1, Plan.quick(80, BUDGET).rounds());
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
