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
     * Sums count blocks of n positions: for k from first on, for position i, writes to {@code partials[k * BLOCK + i]} the sum
     * t(x[at]) + t(x[at + stream]) + t(x[at + 2 stream]) + t(x[at + 3 stream]), at = from + (k - first) * step + i, where t is the
     * term of {@link Exp2} for exponent e: a product, then three fused multiply-adds in this order.
     * tops[k] becomes the unsigned maximum of the block's {@link Exp2#exponentBits}.
     *
     * <p>Several blocks a call, because a call costs about as much as 30 logits.
     */
    void sum(float[] x, int from, int step, int stream, int n, int first, int count, int e, float[] partials, int[] tops);

    /**
     * sums[k] = the sum of partials[k * BLOCK .. k * BLOCK + n) for each of count blocks, in the fixed tree: taken as two
     * halves of 256 floats, zero beyond n, in each of which i and i + 128, then 64, then 32 are added, and then the two are, down
     * to 32 lanes in float; these are added in double (16, 8, then 4, 2, 1). Adding equal floats along such a tree is exact. Overwrites partials and sums[0 .. 8 * count).
     */
    void fold(float[] partials, int n, int count, double[] sums);

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
