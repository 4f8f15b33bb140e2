package io.github.surprisal.kernel;

import java.util.Arrays;

/**
 * A measure of whole distributions: the fixed shape of its sum, in one place for every kernel.
 *
 * <p>Blocks of {@link #BLOCK} outcomes are counted from the first one on, the last is filled up with zeros; a block's lanes are
 * added in a fixed tree, and blocks in order with their rounding errors kept. So the sum of terms of one sign, whatever their
 * number, is good to the roundings of one lane: 2^-53 * (BLOCK / LANES + 4) = 1.5e-14, and some 1e-15 in practice.
 *
 * <p>Scratch for one thread, 8 KB; {@link #ofThread} hands it out.
 */
public final class InformationSum {
    /** What is summed. Entropy is the cross-entropy of a distribution with itself. */
    public enum Measure {
        CROSS_ENTROPY, DIVERGENCE, JENSEN_SHANNON
    }

    /** Frozen, as InformationKernel.LANES is. Two blocks stay in the first-level cache from the check to the sum. */
    static final int BLOCK = 1024;

    private static final ThreadLocal<InformationSum> OF_THREAD = new ThreadLocal<>();

    private final float[] pScratch = new float[BLOCK];
    private final float[] qScratch = new float[BLOCK];
    private final double[] lanes = new double[InformationKernel.LANES];

    private double bits;
    private double error; // what the additions of bits have rounded off
    private double pSum;
    private double qSum;

    private InformationSum() {}

    public static InformationSum ofThread() {
        InformationSum own = OF_THREAD.get();
        if (own == null) OF_THREAD.set(own = new InformationSum());
        return own;
    }

    /** The measure in bits, once {@link #run} has returned true. */
    public double bits() {
        return bits + error;
    }

    public double pSum() {
        return pSum;
    }

    public double qSum() {
        return qSum;
    }

    /** Measures p[pFrom .. pFrom + n) and q[qFrom .. qFrom + n), which may be the same; false if an element is outside [0, 1]. */
    public boolean run(InformationKernel kernel, Measure measure, float[] p, int pFrom, float[] q, int qFrom, int n) {
        bits = 0;
        error = 0;
        pSum = 0;
        qSum = 0;
        boolean same = p == q && pFrom == qFrom;
        for (int i = 0; i >= 0 && i < n; i += BLOCK) { // i wraps behind the longest arrays
            int length = Math.min(BLOCK, n - i);
            boolean valid = length % RowKernel.GRAIN == 0
                    ? block(kernel, measure, p, pFrom + i, q, qFrom + i, length, same)
                    : lastBlock(kernel, measure, p, pFrom + i, q, qFrom + i, length, same);
            if (!valid) return false;
        }
        if (same) qSum = pSum;
        if (measure == Measure.JENSEN_SHANNON) {
            bits *= 0.5;
            error *= 0.5;
        }
        return true;
    }

    private boolean lastBlock(InformationKernel kernel, Measure measure, float[] p, int pFrom, float[] q, int qFrom, int n, boolean same) {
        int padded = (n + RowKernel.GRAIN - 1) / RowKernel.GRAIN * RowKernel.GRAIN;
        System.arraycopy(p, pFrom, pScratch, 0, n);
        Arrays.fill(pScratch, n, padded, 0f);
        if (same) return block(kernel, measure, pScratch, 0, pScratch, 0, padded, true);
        System.arraycopy(q, qFrom, qScratch, 0, n);
        Arrays.fill(qScratch, n, padded, 0f);
        return block(kernel, measure, pScratch, 0, qScratch, 0, padded, false);
    }

    private boolean block(InformationKernel kernel, Measure measure, float[] p, int pFrom, float[] q, int qFrom, int n, boolean same) {
        if (!kernel.sum(p, pFrom, n, lanes)) return false;
        pSum += foldLanes();
        if (!same) {
            if (!kernel.sum(q, qFrom, n, lanes)) return false;
            qSum += foldLanes();
            if (measure != Measure.JENSEN_SHANNON && !kernel.covers(p, pFrom, q, qFrom, n)) {
                bits = Double.POSITIVE_INFINITY;
            }
        }
        switch (measure) {
            case CROSS_ENTROPY -> kernel.crossEntropy(p, pFrom, q, qFrom, n, lanes);
            case DIVERGENCE -> kernel.divergence(p, pFrom, q, qFrom, n, lanes);
            case JENSEN_SHANNON -> kernel.divergenceFromMean(p, pFrom, q, qFrom, n, lanes);
        }
        double sum = foldLanes();
        if (measure == Measure.JENSEN_SHANNON) {
            // A second run over the block, because a loop with two logarithms is more than C2 compiles without boxing.
            kernel.divergenceFromMean(q, qFrom, p, pFrom, n, lanes);
            sum += foldLanes();
        }
        add(sum);
        return true;
    }

    private double foldLanes() {
        ScalarKernel.foldLanes(1, lanes);
        return lanes[0];
    }

    /** Knuth's sum, which finds the rounding error of an addition. */
    private void add(double x) {
        double sum = bits + x;
        double part = sum - bits;
        if (sum < Double.POSITIVE_INFINITY) error += (bits - (sum - part)) + (x - part);
        bits = sum;
    }
}
