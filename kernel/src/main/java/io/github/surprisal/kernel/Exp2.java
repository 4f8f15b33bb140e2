package io.github.surprisal.kernel;

import java.util.Arrays;

/**
 * One exponential term, {@code e^x * 2^-E}, or {@code e^(scale * x) * 2^-E}: its constants, their derivation and the scalar code that specifies it.
 *
 * <p>Stability comes from the exact scaling by {@code 2^-E} instead of from subtracting the maximum: rounding
 * {@code x - max} alone costs up to 33 ulp on wide logits, a power of two costs nothing.
 *
 * <p>Max error of a term: 0.892 ulp for |x| <= 2^15, 0.899 ulp for |x| <= 2^19, over every float there whose term is normal
 * (the program AccuracySweep measures it).
 * Special values: {@code |x| > 2^22} below, NaN and infinities give an unspecified term; {@link #exponentBits} shows them
 * to the caller, who takes another way.
 */
public final class Exp2 {
    private Exp2() {}

    /** Adding 1.5 * 2^23 leaves the nearest integer in the low bits of a float; ties go to even. */
    public static final float ROUNDER = 0x1.8p23f;

    // Places in the array of constants for e^(scale * x).
    /** scale * log2(e). */
    public static final int LOG2E = 0;
    /** -ln 2 / scale in two floats: n * LN2_HI + x cancels exactly inside one fma, n * LN2_LO adds what the first leaves out. */
    public static final int LN2_HI = 1;
    public static final int LN2_LO = 2;
    /** e^r for |r| <= ln2 / 2, minimax of degree 6 with the two leading coefficients fixed to 1, relative error 3e-9; r = scale * x - n ln 2. */
    public static final int C1 = 3;
    public static final int C2 = 4;
    public static final int C3 = 5;
    public static final int C4 = 6;
    public static final int C5 = 7;
    public static final int C6 = 8;
    public static final int ONE = 9;
    /** Takes the place of an excluded element and of every element below it: its term is exactly +0, without a NaN on the way. */
    public static final int PADDING = 10;
    /** From here on there are copies of what vectors are multiplied by, to be read from memory: of each as many as two registers of 256 bits have lanes. */
    public static final int LOG2E_COPIES = 16;
    public static final int LN2_HI_COPIES = 32;
    public static final int LN2_LO_COPIES = 48;
    public static final int C6_COPIES = 64;
    private static final int COPIES = 16;

    private static final double[] COEFFICIENTS = {
        1, 0x1.fffff8p-2, 0x1.55548ep-3, 0x1.555b98p-5, 0x1.123bccp-7, 0x1.6850e4p-10
    };

    /** The constants for e^x. An array, because C2 would load a compile-time constant from memory again in every iteration. */
    private static final float[] UNSCALED = constants(1);

    /** The constants for e^(scale * x), without a rounded product scale * x anywhere; not to be written to. */
    public static float[] constants(float scale) {
        if (scale == 1 && UNSCALED != null) return UNSCALED;
        float[] k = new float[C6_COPIES + COPIES];
        k[LOG2E] = (float) (scale * 0x1.71547652b82fep0);
        k[LN2_HI] = (float) (-DoubleMath.LN2 / scale);
        k[LN2_LO] = (float) (-DoubleMath.LN2 / scale - k[LN2_HI]);
        double power = scale;
        for (int i = 0; i < COEFFICIENTS.length; i++, power *= scale) k[C1 + i] = (float) (COEFFICIENTS[i] * power);
        k[ONE] = 1;
        k[PADDING] = -0x1p22f / scale;
        Arrays.fill(k, LOG2E_COPIES, LOG2E_COPIES + COPIES, k[LOG2E]);
        Arrays.fill(k, LN2_HI_COPIES, LN2_HI_COPIES + COPIES, k[LN2_HI]);
        Arrays.fill(k, LN2_LO_COPIES, LN2_LO_COPIES + COPIES, k[LN2_LO]);
        Arrays.fill(k, C6_COPIES, C6_COPIES + COPIES, k[C6]);
        return k;
    }

    /** The scale that these are the constants of: the polynomial of e^(scale * r) begins 1 + scale * r. */
    static double scaleOf(float[] constants) {
        return constants[C1];
    }

    /** bits(ROUNDER): the exponent bits of a term of biased exponent 0, that is of scale +0. */
    public static final int ZERO_SCALE = 0x4B400000;

    /** The rounder that also adds the float bias and takes the row's exponent off. Exact for |e| below 2^21. */
    public static float rounder(int e) {
        return ROUNDER + 127 - e;
    }

    /** The e of a {@link #rounder}. */
    public static int exponentOf(float rounder) {
        return (int) (ROUNDER + 127 - rounder);
    }

    /**
     * The bits of {@code scale * x * log2(e)} rounded to an integer n and shifted to {@code ZERO_SCALE + 127 + n - e}. Ordered as
     * unsigned integers by x, with every scale * x below about -8.7e6, NaN and +infinity above 2^31 or above every ordinary x.
     */
    public static int exponentBits(float x, float rounder, float log2e) {
        return Float.floatToRawIntBits(Fma.fma(x, log2e, rounder));
    }

    /** Exponent bits below those of scale 0 (a term too small to count) become scale +0. */
    public static int scaleBits(int exponentBits) {
        return Math.max(exponentBits, ZERO_SCALE);
    }

    /** 2^(n - E), or +0. */
    public static float scale(int scaleBits) {
        return Float.intBitsToFloat(scaleBits << 23);
    }

    /** The polynomial e^r, 2^(E - n) times the term. In parts that C1 inlines too: up to 35 bytecodes. */
    public static float mantissa(float x, int scaleBits, float rounder, float hi, float lo,
            float c1, float c2, float c3, float c4, float c5, float c6) {
        float r = reduced(x, scaleBits, rounder, hi, lo);
        return lower(upper(r, c6, c5, c4, c3), r, c2, c1);
    }

    private static float reduced(float x, int scaleBits, float rounder, float hi, float lo) {
        float n = Float.intBitsToFloat(scaleBits) - rounder;
        return Fma.fma(n, lo, Fma.fma(n, hi, x));
    }

    private static float upper(float r, float c6, float c5, float c4, float c3) {
        return Fma.fma(Fma.fma(Fma.fma(r, c6, c5), r, c4), r, c3);
    }

    private static float lower(float p, float r, float c2, float c1) {
        return Fma.fma(Fma.fma(Fma.fma(p, r, c2), r, c1), r, 1f);
    }

    /** The term e^(scale * x) * 2^-e. */
    public static float term(float x, int e, float[] k) {
        int scaleBits = scaleBits(exponentBits(x, rounder(e), k[LOG2E]));
        return mantissa(x, scaleBits, e, k) * scale(scaleBits);
    }

    /** The term e^(scale * x) * 2^-e, added to sum with one rounding. */
    public static float addTerm(float sum, float x, int e, float[] k) {
        int scaleBits = scaleBits(exponentBits(x, rounder(e), k[LOG2E]));
        return Fma.fma(mantissa(x, scaleBits, e, k), scale(scaleBits), sum);
    }

    /** The other, with all that it needs of k. */
    static float mantissa(float x, int scaleBits, int e, float[] k) {
        return mantissa(x, scaleBits, rounder(e), k[LN2_HI], k[LN2_LO], k[C1], k[C2], k[C3], k[C4], k[C5], k[C6]);
    }
}
