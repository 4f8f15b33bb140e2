package io.github.surprisal.kernel;

/**
 * One exponential term, {@code e^x * 2^-E}: its constants, their derivation and the scalar code that specifies it.
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

    /** log2(e) to nearest. */
    public static final float LOG2E = 0x1.715476p0f;

    /** Adding 1.5 * 2^23 leaves the nearest integer in the low bits of a float; ties go to even. */
    public static final float ROUNDER = 0x1.8p23f;

    /** -ln 2 in two floats: n * LN2_HI + x cancels exactly inside one fma, n * LN2_LO adds what the first leaves out. */
    public static final float LN2_HI = -0x1.62e43p-1f;

    public static final float LN2_LO = 0x1.05c61p-29f;

    // e^r for |r| <= ln2 / 2, minimax of degree 6 with the two leading coefficients fixed to 1, relative error 3e-9.
    public static final float C2 = 0x1.fffff8p-2f;
    public static final float C3 = 0x1.55548ep-3f;
    public static final float C4 = 0x1.555b98p-5f;
    public static final float C5 = 0x1.123bccp-7f;
    public static final float C6 = 0x1.6850e4p-10f;

    /** Takes the place of an excluded element and of every element below it: its term is exactly +0, without a NaN on the way. */
    public static final float PADDING = -0x1p22f;

    /** bits(ROUNDER): the exponent bits of a term of biased exponent 0, that is of scale +0. */
    public static final int ZERO_SCALE = 0x4B400000;

    /** The rounder that also adds the float bias and takes the row's exponent off. Exact for |e| below 2^21. */
    public static float rounder(int e) {
        return ROUNDER + 127 - e;
    }

    /**
     * The bits of {@code x * log2(e)} rounded to an integer n and shifted to {@code ZERO_SCALE + 127 + n - e}. Ordered as
     * unsigned integers by x, with every x below about -8.7e6, NaN and +infinity above 2^31 or above every ordinary x.
     */
    public static int exponentBits(float x, float rounder) {
        return Float.floatToRawIntBits(Fma.fma(x, LOG2E, rounder));
    }

    /** e^r times 2^(n - E): the polynomial, still without its scale. */
    public static float mantissa(float x, int scaleBits, float rounder) {
        float n = Float.intBitsToFloat(scaleBits) - rounder;
        float r = Fma.fma(n, LN2_LO, Fma.fma(n, LN2_HI, x));
        float p = Fma.fma(r, C6, C5);
        p = Fma.fma(p, r, C4);
        p = Fma.fma(p, r, C3);
        p = Fma.fma(p, r, C2);
        p = Fma.fma(p, r, 1f);
        return Fma.fma(p, r, 1f);
    }

    /** Exponent bits below those of scale 0 (a term too small to count) become scale +0. */
    public static int scaleBits(int exponentBits) {
        return Math.max(exponentBits, ZERO_SCALE);
    }

    /** 2^(n - E), or +0. */
    public static float scale(int scaleBits) {
        return Float.intBitsToFloat(scaleBits << 23);
    }

    /** The term e^x * 2^-e. */
    public static float term(float x, int e) {
        float rounder = rounder(e);
        int scaleBits = scaleBits(exponentBits(x, rounder));
        return mantissa(x, scaleBits, rounder) * scale(scaleBits);
    }

    /** n, the integer nearest x * log2(e), for |x| up to 2^21; e is even everywhere, so that ties agree with any rounder. */
    public static int exponent(float x) {
        return exponentBits(x, rounder(0)) - ZERO_SCALE - 127;
    }
}
