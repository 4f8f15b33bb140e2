package io.github.surprisal.kernel;

/**
 * The few primitives that touch logits, over raw float ranges. {@link ScalarKernel} is their specification; every other
 * implementation returns and writes the same bits. Nothing is validated here: callers have.
 *
 * <p>A block is up to {@link #BLOCK} positions of four streams (see {@link ChunkSum}); its number of positions n is always a
 * multiple of {@link #GRAIN}, so no implementation has a tail.
 */
public interface RowKernel {
    /** Positions of each of the four streams in one block: 2048 logits, whose four pieces and partial sums stay in the first-level cache. */
    int BLOCK = 512;

    /** Every range is a multiple of this many floats: one 512-bit register, two of 256 or four of 128 bits. */
    int GRAIN = 16;

    /** Floats per vector, 1 for scalar. */
    int lanes();

    /**
     * Sums count blocks of n positions: for block k and position i writes to {@code partials[k * BLOCK + i]} the sum
     * t(x[at]) + t(x[at + stream]) + t(x[at + 2 stream]) + t(last[lastFrom + k * lastStep + i]), at = from + k * step + i,
     * where t is the term of {@link Exp2} for exponent e: a product, then three fused multiply-adds in this order.
     * tops[k] becomes the unsigned maximum of the block's {@link Exp2#exponentBits}.
     *
     * <p>Several blocks a call, because a call costs about as much as 80 logits.
     */
    void sum(float[] x, int from, int step, int stream, float[] last, int lastFrom, int lastStep, int n, int count, int e,
            float[] partials, int[] tops);

    /**
     * Sums partials[from .. from + n), n up to {@link #BLOCK}, in the fixed tree: taken as 512 floats, zero beyond n, halves
     * are added (i and i + 256, then 128, 64, 32) in float down to 32 lanes; these are added in double (16, 8, then 4, 2, 1).
     * Adding equal floats along such a tree is exact. Overwrites partials[from .. from + BLOCK); lanes is scratch for 8 doubles.
     */
    double fold(float[] partials, int from, int n, double[] lanes);

    /** Replaces x[0..n), n a multiple of 8, by {@link DoubleMath#log}; every x is positive and normal. */
    void log(double[] x, int n);

    /**
     * Replaces every x[i] below {@link Exp2#PADDING} (-infinity, -1e9 and other masks) by it, in place.
     * A NaN of negative sign is lost on the way, and shows in the result.
     *
     * @return the unsigned maximum of the bits of the old x[0..n)
     */
    int mask(float[] x, int n);
}
