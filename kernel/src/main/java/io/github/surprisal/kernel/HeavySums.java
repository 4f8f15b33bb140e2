package io.github.surprisal.kernel;

import java.util.Arrays;

/**
 * What float additions cost a sum that few elements make up. The four terms of a position go through two roundings before their sum is added in double, and
 * where these are few they do not average out: where one element may be an eighth of a total or more, the partial sums that hold so much are added again in
 * double.
 */
final class HeavySums {
    private static final int STREAMS = ChunkSum.STREAMS;
    private static final int BLOCK = RowKernel.BLOCK;
    /** There are no more that hold an eighth. */
    private static final int MOST = 8;

    private final BlockSweep sweep;
    private final ChunkElements elements;
    private final float[] partials;
    private final float[] terms = new float[MOST * STREAMS];

    HeavySums(BlockSweep sweep) {
        this.sweep = sweep;
        elements = sweep.elements;
        partials = sweep.partials;
    }

    /** What is lacking to the total of the chunk just swept. In place of the elements may be their terms. */
    double lacking(RowKernel kernel, int excluded, boolean areTerms, double total) {
        double lacking = 0;
        for (int from = 0; from < elements.positions; from += BLOCK) {
            if (sweep.blockSums[from / BLOCK] < ChunkExponents.HEAVY * total) continue;
            int n = Math.min(BLOCK, elements.positions - from);
            if (elements.positions > BLOCK) sumBlockAgain(kernel, from, n, excluded, areTerms); // else all of it is still there
            int i = find(kernel, 0, n, total);
            if (i < n) lacking += lacking(kernel, i, 0, from, n, excluded, areTerms, total);
        }
        return lacking;
    }

    private void sumBlockAgain(RowKernel kernel, int from, int n, int excluded, boolean areTerms) {
        if (areTerms) {
            elements.gather(kernel, from, n, excluded, 0, sweep.scratch);
            kernel.sumTerms(sweep.scratch, 0, 0, n, n, 1, partials, 0);
        } else {
            sweep.gatherWithHole(kernel, from, n, excluded);
            sweep.sumScratch(kernel, n);
        }
    }

    /** What is lacking to the total of row r, just summed and folded as block k; of its terms, if they are given, from termsFrom on. */
    double lackingOf(RowKernel kernel, Rows rows, int r, float[] terms, int termsFrom, int excluded, int k, double total) {
        int n = ChunkElements.positions(rows.columns());
        int i = find(kernel, k * BLOCK, n, total);
        if (i == n) return 0;
        if (terms != null) elements.set(terms, termsFrom);
        else elements.set(rows, r, 0, null);
        try {
            elements.startChunk(0, rows.columns());
            return lacking(kernel, i, k * BLOCK, 0, n, excluded, terms != null, total);
        } finally {
            elements.clear();
        }
    }

    /** The first position of a block that is heavy, of n whose partial sums are in partials from first on; n if none is. */
    private int find(RowKernel kernel, int first, int n, double total) {
        return kernel.indexFrom(partials, first, n, (float) (ChunkExponents.HEAVY * total));
    }

    /**
     * What the heavy partial sums of a block lack, i being the first. It begins at position from of the elements at hand and has n positions, whose partial
     * sums are in partials from first on. The elements may be terms that have been kept; the excluded one does not count.
     */
    private double lacking(RowKernel kernel, int i, int first, int from, int n, int excluded, boolean areTerms, double total) {
        float nothing = areTerms ? 0 : sweep.constants[Exp2.PADDING];
        double lacking = 0;
        int used = 0;
        while (i < n && used < terms.length) {
            elements.gather(from + i, excluded, nothing, terms, used);
            used += STREAMS;
            lacking -= partials[first + i++];
            i += find(kernel, first + i, n - i, total);
        }
        if (!areTerms) {
            int whole = used + RowKernel.GRAIN - 1 & -RowKernel.GRAIN;
            Arrays.fill(terms, used, whole, nothing);
            kernel.terms(terms, 0, whole, sweep.exponent, sweep.constants, 1, terms, 0);
        }
        for (int t = 0; t < used; t += STREAMS) lacking += ((double) terms[t] + terms[t + 1]) + ((double) terms[t + 2] + terms[t + 3]);
        return lacking;
    }
}
