package io.github.surprisal.kernel;

import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import java.util.function.Supplier;

/** The kernels that must agree, and the values that have ever been a reason for them not to. */
final class KernelPair {
    static final RowKernel SCALAR = new ScalarKernel();

    /** The same in the order that C2 vectorises. */
    static final RowKernel STRIPS = new ScalarKernel(true);

    /** Values where a term, a comparison or a path of the engine changes its kind; each is tried at every lane. */
    static final float[] SPECIALS = specials();

    private KernelPair() {}

    /** The SIMD kernel, compiled; where this JVM has none the test is skipped. */
    static RowKernel simd() {
        RowKernel selected = Kernels.selected();
        assumeTrue(selected.lanes() > 1, Kernels::reason);
        Kernels.warmUp();
        return selected;
    }

    /** The specification and, where there is one, the SIMD kernel. */
    static List<RowKernel> all() {
        RowKernel selected = Kernels.selected();
        if (selected.lanes() == 1) return List.of(SCALAR);
        Kernels.warmUp();
        return List.of(SCALAR, selected);
    }

    private static float[] specials() {
        float[] around = {
            0f, Float.MIN_NORMAL, 1f, 0.34657359f, 0.6931472f, 27.7f, 38.8f, // rounding of n, the range of E = 0
            87.33654f, 88.72284f, 103.97208f, 1e4f, // float's own limits of exp
            0x1p20f, 0x1p21f, 0x1p22f, 8e6f, 8.7216e6f, 0x1p23f, 0x1p24f, 1e9f, 0x1p31f, 3.4e38f, Float.MAX_VALUE
        };
        int[] bits = {0x7FC00000, 0xFFC00000, 0x7F800001, 0xFF800001, 0x7FFFFFFF, 0xFFFFFFFF, 0x7F800000, 0xFF800000};
        float[] all = new float[6 * around.length + bits.length];
        int n = 0;
        for (float x : around) {
            for (float y : new float[] {Math.nextDown(x), x, Math.nextUp(x)}) {
                all[n++] = y;
                all[n++] = -y;
            }
        }
        for (int b : bits) all[n++] = Float.intBitsToFloat(b);
        return all;
    }

    static String lanes(RowKernel kernel) {
        return kernel.lanes() == 1 ? "scalar" : "simd-" + 32 * kernel.lanes();
    }

    static void assertBits(float expected, float actual, Supplier<String> what) {
        if (Float.floatToRawIntBits(expected) != Float.floatToRawIntBits(actual)) {
            fail(String.format("%s: expected %a (%s), got %a (%s)", what.get(), expected, expected, actual, actual));
        }
    }

    static void assertBits(double expected, double actual, Supplier<String> what) {
        if (Double.doubleToRawLongBits(expected) != Double.doubleToRawLongBits(actual)) {
            fail(String.format("%s: expected %a, got %a", what.get(), expected, actual));
        }
    }

    /** NaN compares equal to any NaN: which one comes out of a sum of several is the processor's choice, and never a result. */
    static void assertSame(float[] expected, float[] actual, Supplier<String> what) {
        for (int i = 0; i < expected.length; i++) {
            if (Float.floatToIntBits(expected[i]) != Float.floatToIntBits(actual[i])) {
                fail(String.format("%s, element %d: expected %a, got %a", what.get(), i, expected[i], actual[i]));
            }
        }
    }

    static void assertSame(int[] expected, int[] actual, Supplier<String> what) {
        for (int i = 0; i < expected.length; i++) {
            if (expected[i] != actual[i]) fail(String.format("%s, element %d: expected %08x, got %08x", what.get(), i, expected[i], actual[i]));
        }
    }
}
