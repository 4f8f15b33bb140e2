package io.github.surprisal.oracle;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class ShapeTest {
    private static final int N = 2000;

    @Test
    void rowsAreReproducibleAndHoldNoNaNOrPositiveInfinity() {
        for (Shape shape : Shape.values()) {
            for (int n : new int[] {0, 1, 2, 17, N}) {
                float[] x = shape.fill(n, 42);
                assertEquals(n, x.length, shape.name());
                assertArrayEquals(x, shape.fill(n, 42), shape.name());
                for (float value : x) {
                    assertTrue(value <= Float.MAX_VALUE, () -> shape + " holds " + value);
                }
            }
            assertFalse(Arrays.equals(shape.fill(N, 1), shape.fill(N, 2)), shape.name());
        }
    }

    @Test
    void everyReasonIsGiven() {
        long distinct = Arrays.stream(Shape.values()).map(Shape::reason).distinct().count();
        assertEquals(Shape.values().length, distinct);
    }

    @Test
    void shapesAreWhatTheirNamesSay() {
        for (long seed = 0; seed < 20; seed++) {
            assertTrue(Math.abs(lse(Shape.NEAR_ZERO, seed)) < 1e-6, "seed " + seed);
            assertTrue(Math.abs(lse(Shape.LOG_PROBABILITIES, seed)) < 1e-5, "seed " + seed);
            double tiny = lse(Shape.DOMINANT_ZERO, seed);
            assertTrue(tiny > 0 && tiny < 1e-4, "seed " + seed);
            assertEquals(Math.log(N), lse(Shape.SUBNORMAL, seed), 1e-12);
            assertEquals(Math.log(N), lse(Shape.SIGNED_ZEROS, seed), 1e-12);
            assertTrue(lse(Shape.HUGE_NEGATIVE, seed) < -9e8, "seed " + seed);
            for (float x : Shape.BFLOAT16.fill(N, seed)) {
                assertEquals(0, Float.floatToRawIntBits(x) & 0xffff);
            }
            for (float x : Shape.SUBNORMAL.fill(N, seed)) {
                assertTrue(x != 0 && Math.abs(x) < Float.MIN_NORMAL);
            }
        }
    }

    private static double lse(Shape shape, long seed) {
        return Oracle.logSumExp(shape.fill(N, seed), 0, N).hi();
    }
}
