package io.github.surprisal.kernel;

/**
 * The two formats of 16 bits, in integer arithmetic: bfloat16 is the upper half of a float; IEEE binary16 has five bits of exponent
 * and ten of fraction. Widening is exact and keeps the bits of a NaN. Narrowing rounds to nearest, ties to even, once; subnormal
 * results are kept, numbers too large become infinite, and every NaN the canonical one.
 */
public final class Half {
    static final short BFLOAT16_NAN = 0x7FC0;
    static final short FLOAT16_NAN = 0x7E00;

    /** By how much the exponent of a float is biased above that of a binary16, in a float's place. */
    public static final int BIAS = 127 - 15 << 23;
    /** The bits of 2^-14, the smallest normal binary16, as a float. */
    public static final int MIN_NORMAL = BIAS + (1 << 23);
    /** 0.5f: an ulp of [0.5, 1) is the smallest subnormal binary16, so that adding it rounds a number to a subnormal. */
    public static final float SUBNORMAL_ROUNDER = 0.5f;

    private Half() {}

    public static float ofBfloat16(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }

    public static float ofFloat16(short bits) {
        int sign = (bits & 0x8000) << 16;
        int magnitude = (bits & 0x7FFF) << 13;
        int exponent = magnitude & 0x0F800000;
        if (exponent == 0) { // subnormal: fraction * 2^-24, as the fraction of a number from 2^-14 on, less 2^-14
            magnitude = Float.floatToRawIntBits(Float.intBitsToFloat(magnitude + MIN_NORMAL) - Float.intBitsToFloat(MIN_NORMAL));
        } else {
            magnitude += exponent == 0x0F800000 ? 2 * BIAS : BIAS;
        }
        return Float.intBitsToFloat(sign | magnitude);
    }

    public static short toBfloat16(float x) {
        if (Float.isNaN(x)) return BFLOAT16_NAN;
        int bits = Float.floatToRawIntBits(x);
        return (short) (bits + 0x7FFF + (bits >>> 16 & 1) >>> 16);
    }

    public static short toFloat16(float x) {
        if (Float.isNaN(x)) return FLOAT16_NAN;
        int bits = Float.floatToRawIntBits(x);
        int magnitude = bits & 0x7FFFFFFF;
        int half;
        if (magnitude < MIN_NORMAL) {
            half = Float.floatToRawIntBits(Float.intBitsToFloat(magnitude) + SUBNORMAL_ROUNDER) - Float.floatToRawIntBits(SUBNORMAL_ROUNDER);
        } else {
            half = Math.min(magnitude - BIAS + 0xFFF + (magnitude >>> 13 & 1) >>> 13, 0x7C00); // a carry goes to the exponent, as it should
        }
        return (short) (half | bits >>> 16 & 0x8000);
    }
}
