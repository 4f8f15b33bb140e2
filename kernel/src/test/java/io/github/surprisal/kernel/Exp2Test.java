package io.github.surprisal.kernel;

import static io.github.surprisal.kernel.KernelPair.assertBits;
import static io.github.surprisal.kernel.KernelPair.lanes;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** One exponential term: its error on a sample of {@link AccuracySweep}, and the values that {@link Exp2} promises exactly. */
class Exp2Test {
    private static final float LOG2E = Exp2.constants(1)[Exp2.LOG2E];
    private static final float PADDING = Exp2.constants(1)[Exp2.PADDING];
    private static final long SEED = 20250706;
    /** Coprime to the number of runs in a binade, so that the sample falls on other mantissas in each. */
    private static final int STRIDE = 487;

    @Test
    void errorOnASampleOfAllFloats() throws InterruptedException {
        for (RowKernel kernel : KernelPair.all()) {
            AccuracySweep sweep = AccuracySweep.sweep(kernel, STRIDE, 1, false);
            assertTrue(sweep.swept() > 5_000_000, () -> "swept " + sweep.swept());
            assertTrue(sweep.worst() <= AccuracySweep.BOUND, () -> lanes(kernel) + ": " + sweep.worst() + " ulp at " + sweep.worstAt());
            assertTrue(sweep.worst() > 0.5, () -> lanes(kernel) + ": " + sweep.worst() + " ulp is too good to be measured");
        }
    }

    @Test
    void termOfZeroIsOne() {
        for (float zero : new float[] {0f, -0f, Float.MIN_VALUE, -Float.MIN_VALUE}) assertBits(1f, Exp2.term(zero, 0, Exp2.constants(1)), () -> "term of " + zero);
    }

    @Test
    void termOfPaddingIsPlusZeroForEveryExponent() {
        for (int e = -1512864; e <= 1512864; e += 2) {
            int exponent = e;
            assertBits(0f, Exp2.term(PADDING, e, Exp2.constants(1)), () -> "e " + exponent);
        }
    }

    @Test
    void scalingByAnEvenExponentIsExact() {
        SplittableRandom random = new SplittableRandom(SEED);
        for (int i = 0; i < 200_000; i++) {
            float x = (float) random.nextDouble(-40, 40);
            int e = 2 * random.nextInt(-30, 31);
            assertBits(Math.scalb(Exp2.term(x, 0, Exp2.constants(1)), -e), Exp2.term(x, e, Exp2.constants(1)), () -> x + ", e " + e + ", seed " + SEED);
        }
    }

    @Test
    void termsTooSmallToCountAreZero() {
        for (int e : new int[] {0, 96, -96, 1512768, -1512768}) {
            double edge = (e - 126.5) / LOG2E;
            float step = Math.max(Math.ulp((float) edge), 0x1p-10f);
            for (int i = 2; i < 600; i++) { // up to 75 above the edge, where terms do not overflow yet
                float above = (float) edge + i * step;
                float below = (float) edge - i * step;
                assertTrue(Exp2.term(above, e, Exp2.constants(1)) > 0, () -> "term of " + above + ", e " + e);
                assertEquals(0f, Exp2.term(below, e, Exp2.constants(1)), () -> "term of " + below + ", e " + e);
            }
        }
    }

    @Test
    void exponentBitsAreOrderedAndShowWhatIsNotOrdinary() {
        for (int e : new int[] {0, 96, -96, 1512768, -1512768}) {
            float rounder = Exp2.rounder(e);
            assertEquals(Exp2.ROUNDER + 127.0 - e, rounder);
            int largestOrdinary = Exp2.exponentBits(0x1p20f, rounder, LOG2E);
            int previous = 0;
            for (float x = -0x1p20f; x <= 0x1p20f; x += 1023.7f) {
                int bits = Exp2.exponentBits(x, rounder, LOG2E);
                assertTrue(Integer.compareUnsigned(previous, bits) <= 0, "order at " + x);
                assertTrue(Integer.compareUnsigned(bits, largestOrdinary) <= 0, "order at " + x);
                previous = bits;
            }
            float[] unusual = {
                Float.NaN, Float.intBitsToFloat(0xFFC00000), Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.MAX_VALUE, -Float.MAX_VALUE,
                1e9f, -1e9f, 0x1p21f, 0x1p22f
            };
            for (float x : unusual) {
                assertTrue(Integer.compareUnsigned(Exp2.exponentBits(x, rounder, LOG2E), largestOrdinary) > 0, () -> x + " with e " + e + " looks ordinary");
            }
        }
        assertTrue(Exp2.exponentBits(-8.73e6f, Exp2.rounder(0), LOG2E) < 0);
        assertTrue(Exp2.exponentBits(-8.71e6f, Exp2.rounder(0), LOG2E) > 0);
    }

    @Test
    void exponentIsTheNearestInteger() {
        SplittableRandom random = new SplittableRandom(SEED);
        for (int i = 0; i < 200_000; i++) {
            float x = (float) random.nextDouble(-0x1p20, 0x1p20) / (1 << random.nextInt(20));
            double exact = (double) x * LOG2E; // exact: 48 bits
            assertEquals((int) Math.rint(exact), ChunkExponents.largest(Exp2.exponentBits(x, Exp2.rounder(0), LOG2E), 0), () -> x + ", seed " + SEED);
        }
    }
}
