package io.github.surprisal.kernel;

/**
 * The primitives of the information measures, over raw ranges of probabilities. {@link ScalarInformation} is their specification;
 * every other implementation returns and writes the same bits. Nothing is validated here but what {@link #sum} says.
 *
 * <p>Every n is a multiple of {@link RowKernel#GRAIN}; p = q = 0 is the neutral element. Each primitive overwrites
 * {@code lanes[0 .. LANES)}: lane j becomes the sum over i = j, j + LANES, .. of a function of element i, in double and in this order.
 * For elements outside [0, 1] the lanes are unspecified.
 */
public interface InformationKernel {
    /** As many doubles as the widest register, 512 bits, holds. Frozen, as is all that shapes a sum. */
    int LANES = 8;

    /** Sums x[i]; true if every element is in [0, 1]. */
    boolean sum(float[] x, int from, int n, double[] lanes);

    /** Whether q[i] > 0 wherever p[i] > 0: where it is not, cross-entropy and divergence are infinite. */
    boolean covers(float[] p, int pFrom, float[] q, int qFrom, int n);

    /** Sums p[i] log2(1 / q[i]), bits; 0 where p[i] = 0. With q = p it is the entropy of p. */
    void crossEntropy(float[] p, int pFrom, float[] q, int qFrom, int n, double[] lanes);

    /** Sums p[i] log2(p[i] / q[i]), bits; 0 where p[i] = 0. */
    void divergence(float[] p, int pFrom, float[] q, int qFrom, int n, double[] lanes);

    /** Sums p[i] log2(p[i] / m), m = (p[i] + q[i]) / 2, bits; 0 where p[i] = 0. */
    void divergenceFromMean(float[] p, int pFrom, float[] q, int qFrom, int n, double[] lanes);
}
