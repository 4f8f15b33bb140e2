package io.github.surprisal.kernel;

import java.util.Arrays;

/**
 * What float additions cost a sum that few elements make up. The four terms of a position go through two roundings before their sum is added in double, and
 * where these are few they do not average out: where one element may be an eighth of a total or more, the partial sums that hold so much are added again in
 * double. They are found first, of one row or of a group, and their terms computed all at once.
 */
final class HeavySums {
    private static final int STREAMS = ChunkSum.STREAMS;
    private static final int BLOCK = RowKernel.BLOCK;
    private static final int GRAIN = RowKernel.GRAIN;
    /** There are no more in a row that hold an eighth. */
    private static final int MOST = 8;

    private final BlockSweep sweep;
    private final ChunkElements elements;
    private final float[] partials;
    private final int[] places = new int[BLOCK + 1];

    // Of those found: whose they are, the partial sum, and its elements or terms.
    private final int[] rows = new int[RowKernel.GROUP * MOST];
    private final float[] heavy = new float[RowKernel.GROUP * MOST];
    private final float[] terms = new float[RowKernel.GROUP * MOST * STREAMS];
    private int found;

    HeavySums(BlockSweep sweep) {
        this.sweep = sweep;
        elements = sweep.elements;
        partials = sweep.partials;
    }

    /** total, of the chunk just swept, with what is lacking to it. In place of the elements may be their terms. */
    double mended(RowKernel kernel, int excluded, boolean areTerms, double total) {
        found = 0;
        if (elements.positions <= BLOCK) find(kernel, 0, excluded, areTerms, total); // all partial sums are still there
        else findInBlocks(kernel, excluded, areTerms, total);
        if (found > 0 && !areTerms) computeTerms(kernel);
        double sum = total;
        for (int i = 0; i < found; i++) sum += lacking(i);
        return sum;
    }

    /** Before the first {@link #findOf} of a group. */
    void start() {
        found = 0;
    }

    /** Finds those of row r, just summed and folded as block k; of its terms, if they are given, from termsFrom on. */
    void findOf(RowKernel kernel, Rows x, int r, float[] kept, int keptFrom, int excluded, int k, double total) {
        if (kept != null) elements.set(kept, keptFrom);
        else elements.set(x, r, 0, null);
        try {
            elements.startChunk(0, x.columns());
            find(kernel, k, excluded, kept != null, total);
        } finally {
            elements.clear();
        }
    }

    /** Adds to sums[first + k] what is lacking to that of block k. */
    void mendAll(RowKernel kernel, boolean areTerms, double[] sums, int first) {
        if (found > 0 && !areTerms) computeTerms(kernel);
        for (int i = 0; i < found; i++) sums[first + rows[i]] += lacking(i);
    }

    /** Among the partial sums of the chunk at hand, which are block k. Its elements may be terms that have been kept; the excluded one does not count. */
    private void find(RowKernel kernel, int k, int excluded, boolean areTerms, double total) {
        int count = listHeavy(kernel, k * BLOCK, elements.positions, least(total));
        for (int i = 0; i < Math.min(count, MOST); i++) {
            rows[found] = k;
            add(places[i], excluded, areTerms, partials[k * BLOCK + places[i]]);
        }
    }

    /** How many of n partial sums from first on, n a multiple of 8, are not less, and, in places, which. In eights that have some, without a branch. */
    private int listHeavy(RowKernel kernel, int first, int n, float least) {
        int leastBits = Float.floatToRawIntBits(least); // as neither is negative, they are ordered as their bits
        int count = 0;
        for (int from = 0, eight; from < n; from = eight + 8) {
            eight = from + kernel.indexFrom(partials, first + from, n - from, least) & -8;
            for (int i = eight; i < Math.min(eight + 8, n); i++) {
                places[count] = i;
                count += 1 + (Float.floatToRawIntBits(partials[first + i]) - leastBits >> 31);
            }
        }
        return count;
    }

    private static float least(double total) {
        return (float) (ChunkExponents.HEAVY * total);
    }

    private void add(int position, int excluded, boolean areTerms, float partial) {
        heavy[found] = partial;
        elements.gather(position, excluded, areTerms ? 0 : sweep.constants[Exp2.PADDING], terms, STREAMS * found);
        found++;
    }

    /** Makes the elements found their terms. */
    private void computeTerms(RowKernel kernel) {
        int used = STREAMS * found;
        int whole = used + GRAIN - 1 & -GRAIN;
        Arrays.fill(terms, used, whole, sweep.constants[Exp2.PADDING]);
        kernel.terms(terms, 0, whole, sweep.exponent, sweep.constants, 1, terms, 0);
    }

    private double lacking(int i) {
        int t = STREAMS * i;
        return ((double) terms[t] + terms[t + 1]) + ((double) terms[t + 2] + terms[t + 3]) - heavy[i];
    }

    // ---- of many blocks, whose partial sums are gone: a heavy one has an element that is a quarter of it

    private void findInBlocks(RowKernel kernel, int excluded, boolean areTerms, double total) {
        float least = leastElement(areTerms, total);
        int body = elements.body;
        for (int from = 0; from < elements.positions; from += BLOCK) {
            if (sweep.blockSums[from / BLOCK] < ChunkExponents.HEAVY * total) continue;
            int n = Math.min(BLOCK, body - from);
            for (int s = 0; s < STREAMS && n > 0; s++) findAmong(kernel, s * body + from, n, least, excluded, areTerms, total);
            if (from + BLOCK >= elements.positions) {
                findAmong(kernel, STREAMS * body, elements.length - STREAMS * body, least, excluded, areTerms, total);
            }
        }
    }

    /** A little less than any such element, or term, may be. */
    private float leastElement(boolean areTerms, double total) {
        double term = ChunkExponents.HEAVY / STREAMS * total;
        if (areTerms) return (float) (term * (1 - 0x1p-20));
        double x = (DoubleMath.log(term) + sweep.exponent * DoubleMath.LN2) / sweep.scale();
        return (float) (x - 0x1p-20 * (Math.abs(x) + 1 / sweep.scale()));
    }

    /** The positions of those elements among n, from one on, that are not less, unless an earlier stream has such an element at the same. */
    private void findAmong(RowKernel kernel, int from, int n, float least, int excluded, boolean areTerms, double total) {
        float[] x = elements.array;
        int at = 0;
        if (elements.inPlace() && x != null) {
            at = (int) elements.place(from);
        } else {
            x = sweep.scratch;
            elements.copy(kernel, from, n, x, 0);
        }
        for (int i = kernel.indexFrom(x, at, n, least); i < n; i += 1 + kernel.indexFrom(x, at + i + 1, n - i - 1, least)) {
            int position = elements.positionOf(from + i);
            if (found == MOST || elements.firstStreamFrom(position, least) != elements.streamOf(from + i)) continue;
            float partial = areTerms ? elements.sumWithout(position, excluded)
                    : elements.partialWithout(position, excluded, sweep.exponent, sweep.constants);
            if (partial >= least(total)) add(position, excluded, areTerms, partial);
        }
    }
}
