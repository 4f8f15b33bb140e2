package io.github.surprisal.kernel;

import java.util.Arrays;

/**
 * What float additions cost a sum that few elements make up. The four terms of a position go through two roundings before their sum is added in double, and
 * where these are few they do not average out: where one element may be an eighth of a total or more, the partial sums that hold so much are added again in
 * double.
 */
final class HeavySums {
    private static final int STREAMS = ChunkSum.STREAMS;
    /** There are no more that hold an eighth. */
    private static final int MOST = 8;

    private final ChunkElements elements;
    private final float[] terms = new float[MOST * STREAMS];

    HeavySums(ChunkElements elements) {
        this.elements = elements;
    }

    /** The first position of a block that is heavy, of n whose partial sums are in partials from first on; n if none is. */
    static int find(RowKernel kernel, float[] partials, int first, int n, double total) {
        return kernel.indexFrom(partials, first, n, (float) (ChunkExponents.HEAVY * total));
    }

    /**
     * What the heavy partial sums of a block lack, i being the first. It begins at position from of the elements at hand and has n positions, whose partial
     * sums are in partials from first on. The elements may be terms that have been kept; the excluded one does not count.
     */
    double lacking(RowKernel kernel, int i, float[] partials, int first, int from, int n, int excluded, boolean areTerms, double total,
            int exponent, float[] constants) {
        float nothing = areTerms ? 0 : constants[Exp2.PADDING];
        double lacking = 0;
        int used = 0;
        while (i < n && used < terms.length) {
            elements.gather(from + i, excluded, nothing, terms, used);
            used += STREAMS;
            lacking -= partials[first + i++];
            i += find(kernel, partials, first + i, n - i, total);
        }
        if (!areTerms) {
            int whole = used + RowKernel.GRAIN - 1 & -RowKernel.GRAIN;
            Arrays.fill(terms, used, whole, nothing);
            kernel.terms(terms, 0, whole, exponent, constants, 1, terms, 0);
        }
        for (int t = 0; t < used; t += STREAMS) lacking += ((double) terms[t] + terms[t + 1]) + ((double) terms[t + 2] + terms[t + 3]);
        return lacking;
    }
}
