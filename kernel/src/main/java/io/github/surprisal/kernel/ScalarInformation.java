package io.github.surprisal.kernel;

import java.util.Arrays;

/**
 * The readable version of {@link InformationKernel}, its specification.
 *
 * <p>All of it rests on one function, the binary logarithm of a ratio, in double multiplications, additions and one division: no
 * fma, so it needs none in hardware. It is 0 for equal arguments, an exact integer for a power of two, and keeps its relative
 * accuracy for ratios near 1. Two floats that differ do so by 2^-24 or more; so a divergence may be summed as it is defined,
 * without a rearrangement against cancellation: it is the small difference, by that factor, of terms good to 2^-51.
 */
public final class ScalarInformation {
    private ScalarInformation() {}

    /** Takes the place of 0 in a logarithm, so that it is finite and 0 times it is 0; to every positive float it adds nothing. */
    public static final double TINY = 0x1p-300;

    /** Leaves in the exponent bits the biased k of the nearest power of two; on the scale of bits 1.5 is half way to 2. */
    public static final long RATIO_BIAS = (1023L << 52) + (1L << 51);

    // 2 artanh(sqrt z) / (sqrt z ln 2), by interpolation at the 8 Chebyshev points of 0 <= z <= 1 / 25: relative error 1.4e-17.
    public static final double C0 = 0x1.71547652b82fep+1;
    public static final double C1 = 0x1.ec709dc3a0869p-1;
    public static final double C2 = 0x1.2776c50e68fbap-1;
    public static final double C3 = 0x1.a6176389402a8p-2;
    public static final double C4 = 0x1.484abdb407e2fp-2;
    public static final double C5 = 0x1.0cac53a172c99p-2;
    public static final double C6 = 0x1.c2811a0601fd9p-3;
    public static final double C7 = 0x1.c6a165d02f708p-3;

    /**
     * log2(a / b) for normal positive a, b whose ratio is normal: b' = 2^k b is within [2/3, 3/2] of a, so that a - b' is exact for
     * floats, and s = (a - b') / (a + b') is at most 1/5. Max error 1e-15 relative, measured 4e-16 (ScalarInformationTest).
     */
    public static double log2Ratio(double a, double b) {
        long t = Double.doubleToRawLongBits(a) - Double.doubleToRawLongBits(b) + RATIO_BIAS;
        double k = Double.longBitsToDouble(t >>> 52 | DoubleMath.TWO_52_BITS) - DoubleMath.LOG_ROUNDER;
        double c = b * Double.longBitsToDouble(t & ~DoubleMath.MANTISSA_MASK);
        return k + log2Near1((a - c) / (a + c));
    }

    /** log2(a / c) for s = (a - c) / (a + c), |s| <= 1/5. */
    private static double log2Near1(double s) {
        double z = s * s;
        double z2 = z * z;
        double low = (z * C1 + C0) + z2 * (z * C3 + C2);
        double high = (z * C5 + C4) + z2 * (z * C7 + C6);
        return s * (low + z2 * z2 * high);
    }

    /** log2(1 / p) for p in [0, 1]. */
    public static double surprisal(double p) {
        if (p < Double.MIN_NORMAL) return p == 0 ? Double.POSITIVE_INFINITY : 60 + surprisal(p * 0x1p60);
        return log2Ratio(1, p);
    }

    /** The entropy, in bits, of one outcome of probability p in [0, 1] and one of 1 - p. */
    public static double binaryEntropy(double p) {
        double rare = p < 0.5 ? p : 1 - p; // exact
        if (rare == 0) return 0;
        double usual = rare < 0.25 ? log2Near1(rare / (2 - rare)) : log2Ratio(1, 1 - rare); // log2(1 / (1 - rare))
        return rare * surprisal(rare) + (1 - rare) * usual;
    }

    public static boolean sum(float[] x, int from, int n, double[] lanes) {
        boolean valid = true;
        clear(lanes);
        for (int i = 0; i < n; i++) {
            float v = x[from + i];
            valid &= v >= 0 && v <= 1;
            lanes[i % InformationKernel.LANES] += v;
        }
        return valid;
    }

    public static boolean covers(float[] p, int pFrom, float[] q, int qFrom, int n) {
        boolean covers = true;
        for (int i = 0; i < n; i++) covers &= q[qFrom + i] > 0 || p[pFrom + i] == 0;
        return covers;
    }

    public static void crossEntropy(float[] p, int pFrom, float[] q, int qFrom, int n, double[] lanes) {
        clear(lanes);
        for (int i = 0; i < n; i++) lanes[i % InformationKernel.LANES] += p[pFrom + i] * log2Ratio(1, q[qFrom + i] + TINY);
    }

    public static void divergence(float[] p, int pFrom, float[] q, int qFrom, int n, double[] lanes) {
        clear(lanes);
        for (int i = 0; i < n; i++) {
            double a = p[pFrom + i];
            lanes[i % InformationKernel.LANES] += a * log2Ratio(a + TINY, q[qFrom + i] + TINY);
        }
    }

    public static void divergenceFromMean(float[] p, int pFrom, float[] q, int qFrom, int n, double[] lanes) {
        clear(lanes);
        for (int i = 0; i < n; i++) {
            double a = p[pFrom + i];
            double m = (a + q[qFrom + i]) * 0.5;
            lanes[i % InformationKernel.LANES] += a * log2Ratio(a + TINY, m + TINY);
        }
    }

    private static void clear(double[] lanes) {
        Arrays.fill(lanes, 0, InformationKernel.LANES, 0);
    }
}
