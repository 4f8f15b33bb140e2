package io.github.surprisal.kernel;

import java.util.Arrays;

/**
 * What float additions cost a sum that few elements make up. An element that is an eighth of it or more goes through up to seven roundings together with
 * what is added to it, and these do not average out as those of many elements do: they were seen to be 4.6 ulp of a loss. {@link RowKernel#fold} ends in 32
 * lanes; those that hold an eighth or more are added again in double, and so are the four terms of partial sums that do.
 */
final class HeavyLanes {
    private static final int LANES = 32;
    private static final int STREAMS = ChunkSum.STREAMS;
    private static final double HEAVY = ChunkExponents.HEAVY;
    private static final int MOST = 8;

    private final ChunkElements elements;
    private final float[] terms = new float[MOST * STREAMS];

    HeavyLanes(ChunkElements elements) {
        this.elements = elements;
    }

    /** Whether a block has one, of n positions whose partial sums are in partials from first on, folded to lanes from firstLane on. */
    static boolean has(RowKernel kernel, float[] lanes, int firstLane, float[] partials, int first, int n, double total) {
        float most = n > LANES ? kernel.max(lanes, firstLane, LANES) : kernel.max(partials, first, n);
        return most >= (float) (HEAVY * total);
    }

    /**
     * What the heavy lanes of a block lack. It begins at position from of the elements at hand, has n positions, whose partial sums are in partials from
     * first on, and has been folded to lanes from firstLane on. The elements may be terms that have been kept; the excluded one does not count.
     */
    double lacking(RowKernel kernel, float[] lanes, int firstLane, float[] partials, int first, int from, int n, int excluded, boolean areTerms,
            double total, int exponent, float[] constants) {
        float heavy = (float) (HEAVY * total);
        float nothing = areTerms ? 0 : constants[Exp2.PADDING];
        double lacking = 0;
        int count = 0;
        float[] sums = n > LANES ? lanes : partials;
        int at = n > LANES ? firstLane : first;
        for (int lane = 0; lane < Math.min(n, LANES); lane++) {
            if (sums[at + lane] < heavy) continue;
            for (int i = lane; i < n; i += LANES) {
                float partial = partials[first + i];
                if (partial >= heavy) elements.gather(from + i, excluded, nothing, terms, STREAMS * count++);
                else lacking += partial;
            }
            lacking -= sums[at + lane];
        }
        if (count > 0 && !areTerms) {
            int whole = STREAMS * count + RowKernel.GRAIN - 1 & -RowKernel.GRAIN;
            Arrays.fill(terms, STREAMS * count, whole, nothing);
            kernel.terms(terms, 0, whole, exponent, constants, 1, terms, 0);
        }
        for (int i = 0; i < STREAMS * count; i += STREAMS) lacking += ((double) terms[i] + terms[i + 1]) + ((double) terms[i + 2] + terms[i + 3]);
        return lacking;
    }
}
