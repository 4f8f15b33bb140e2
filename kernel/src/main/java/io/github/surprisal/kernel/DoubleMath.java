package io.github.surprisal.kernel;

import static io.github.surprisal.kernel.Fma.fma;

/**
 * exp, log and log1p in double for finishing a row, in IEEE operations alone: the same bits on every
 * machine and compiled or not, several times faster than StrictMath. Max error 2e-15 relative (tanh 3e-13), far below the half
 * ulp of a float (6e-8) to which results are rounded.
 */
public final class DoubleMath {
    private DoubleMath() {}

    public static final double LN2 = 0x1.62e42fefa39efp-1;
    public static final double LN2_HI = 0x1.62e42feep-1; // 32 bits: k * LN2_HI is exact for every exponent k
    public static final double LN2_LO = 0x1.a39ef35793c76p-33;
    public static final long SQRT_HALF_BITS = 0x3fe6a09e667f3bcdL;
    public static final long MANTISSA_MASK = 0x000fffffffffffffL;
    /** Leaves k + 1023 in the exponent bits. */
    public static final long LOG_BIAS = SQRT_HALF_BITS - (1023L << 52);
    /** An integer in the low bits of 2^52 is a double without a conversion, which AVX2 has not. */
    public static final long TWO_52_BITS = 0x4330000000000000L;
    public static final double LOG_ROUNDER = 0x1p52 + 1023;

    /** log(x) for finite x > 0: x = 2^k m, sqrt(1/2) <= m < sqrt(2), log(m) = 2 artanh((m - 1) / (m + 1)). */
    public static double log(double x) {
        if (x < Double.MIN_NORMAL) return x == 0 ? Double.NEGATIVE_INFINITY : log(x * 0x1p60) - 60 * LN2;
        long t = Double.doubleToRawLongBits(x) - LOG_BIAS;
        double k = Double.longBitsToDouble(t >>> 52 | TWO_52_BITS) - LOG_ROUNDER;
        double m = Double.longBitsToDouble((t & MANTISSA_MASK) + SQRT_HALF_BITS);
        double artanh = artanh((m - 1) / (m + 1));
        return fma(k, LN2_HI, fma(k, LN2_LO, artanh * 2));
    }

    /** Below it 1 + x would lose digits of x, and is below sqrt(2), so that its exponent is 0. */
    public static final double SMALL = 0.41;

    /** log(1 + x) for x >= 0; small x keep their relative accuracy, down to subnormals. */
    public static double log1p(double x) {
        return x < SMALL ? 2 * artanh(x / (2 + x)) : log(1 + x);
    }

    /** What (float) x lacks of x: with it x has twice the digits of a float. 0 where x is no finite float. */
    public static float low(double x) {
        float high = (float) x;
        return Math.abs(high) <= Float.MAX_VALUE ? (float) (x - high) : 0;
    }

    /** Coefficients of s^3, s^5, .. of artanh, minimax (Remez) for |s| <= 0.1716: 2e-16 relative. */
    public static final double ARTANH_3 = 0x1.5555555553976p-2;
    public static final double ARTANH_5 = 0x1.999999a28fbedp-3;
    public static final double ARTANH_7 = 0x1.24924179cc279p-3;
    public static final double ARTANH_9 = 0x1.c7227711eb150p-4;
    public static final double ARTANH_11 = 0x1.732c41de509dfp-4;
    public static final double ARTANH_13 = 0x1.58765e77251abp-4;

    private static double artanh(double s) {
        double z = s * s;
        double z2 = z * z;
        double low = fma(z2, fma(z, ARTANH_9, ARTANH_7), fma(z, ARTANH_5, ARTANH_3));
        double high = fma(z, ARTANH_13, ARTANH_11);
        return fma(s * z, fma(z2 * z2, high, low), s);
    }

    /** 1.5 * 2^52: adding it leaves the nearest integer in the low bits. */
    public static final double EXP_ROUNDER = 0x1.8p52;
    public static final double LOG2E = 0x1.71547652b82fep0;
    public static final double EXP_MIN = -708;
    /** Coefficients of r^2, r^3, .. of e^r, minimax (Remez) for |r| <= log(2) / 2: 3e-16 relative. */
    public static final double EXP_2 = 0x1.ffffffffffed2p-2;
    public static final double EXP_3 = 0x1.55555555507b6p-3;
    public static final double EXP_4 = 0x1.555555558916ap-5;
    public static final double EXP_5 = 0x1.11111125b6f7fp-7;
    public static final double EXP_6 = 0x1.6c16c0c817e37p-10;
    public static final double EXP_7 = 0x1.a0198d4cc57fep-13;
    public static final double EXP_8 = 0x1.a01b7c77b67d8p-16;
    public static final double EXP_9 = 0x1.72e92847816d6p-19;
    public static final double EXP_10 = 0x1.270798b6398f9p-22;

    /** e^x; 0 below -708 (so no result is subnormal), infinity above 709. */
    public static double exp(double x) {
        if (!(x >= EXP_MIN)) return Double.isNaN(x) ? x : 0;
        if (x > 709) return Double.POSITIVE_INFINITY;
        double shifted = fma(x, LOG2E, EXP_ROUNDER);
        double k = shifted - EXP_ROUNDER;
        double r = fma(k, -LN2_LO, fma(k, -LN2_HI, x));
        double r2 = r * r;
        double low = fma(r2, fma(r, EXP_7, EXP_6), fma(r, EXP_5, EXP_4));
        double high = fma(r2, EXP_10, fma(r, EXP_9, EXP_8));
        double p = fma(r2, fma(r2 * r2, high, low), fma(r, EXP_3, EXP_2));
        // the low bits of shifted are k
        return (1 + fma(r2, p, r)) * Double.longBitsToDouble(Double.doubleToRawLongBits(shifted) + 1023 << 52);
    }

    /** 2^n for |n| <= 1000; Math.scalb is slower. */
    static double powerOfTwo(int n) {
        return Double.longBitsToDouble((long) (n + 1023) << 52);
    }

    /** sqrt(2) - 1: where log1p goes over from artanh around 1 to artanh around sqrt(2). */
    private static final double SQRT2_MINUS_1 = 0x1.a827999fcef34p-2;

    /** log(sqrt(2)) / (sqrt(2) - 1): times c, log(1 + c) for either c of {@link #softplus}. */
    private static final double LOG_SQRT2 = 0.5 * LN2 / SQRT2_MINUS_1;

    /** log(1 + e^q), the loss of a class that is q below (q > 0) or above the rest; q may be infinite. */
    public static double softplus(double q) {
        double a = exp(-Math.abs(q));
        double c = a > SQRT2_MINUS_1 ? SQRT2_MINUS_1 : 0; // log(1 + a) = log(1 + c) + 2 artanh((a - c) / (2 + a + c)), 0 <= a <= 1
        return Math.max(q, 0) + (artanh((a - c) / (2 + a + c)) * 2 + c * LOG_SQRT2);
    }

    /** Below it tanh is a series: the next term is below 6e-20 relative. */
    public static final double TANH_SMALL = 0x1p-10;
    public static final double TANH_3 = 1.0 / 3;
    public static final double TANH_5 = 2.0 / 15;

    /** tanh(x), 0 and NaN included; max error 3e-13 relative, enough to round it to float. */
    public static double tanh(double x) {
        double u = Math.abs(x);
        if (u < TANH_SMALL) return x - x * x * x * (TANH_3 - x * x * TANH_5);
        double e = exp(-2 * u);
        double t = (1 - e) / (1 + e);
        return x < 0 ? -t : t;
    }

    /** cap tanh(factor x), rounded to float. */
    public static float softcap(float x, double factor, float cap) {
        return (float) (cap * tanh(factor * x));
    }

    /** sech^2(factor x) = 1 - tanh^2(factor x), which would lose all digits where tanh is near 1; x is not NaN. */
    public static double sechSquared(float x, double factor) {
        double e = exp(-2 * Math.abs(factor * x));
        return 4 * e / ((1 + e) * (1 + e));
    }

    /** Rounds to float; every NaN becomes the canonical one. */
    public static float toFloat(double x) {
        return Double.isNaN(x) ? Float.NaN : (float) x;
    }
}
