package io.github.surprisal.kernel;

/** Whether terms are kept of the next rows, and whether masks are expected among them: rows are mostly like those before. */
final class Keeping {
    /** Batches, or long rows, whose terms are not kept after one where that failed. */
    static final int PAUSE = 32;
    /** Batches, or long rows, without a mask after one with, until none is expected any more. */
    private static final int MASKS_AHEAD = 64;

    private int pause;
    private int masksAhead;
    /** Of the rows at hand. */
    private boolean masks;

    /** Whether to try it with the next rows. Scalar kernels do not vectorise it with masks; without, masks must not be expected. */
    boolean begins(RowKernel kernel, boolean masked) {
        if (pause > 0) {
            pause--;
            return false;
        }
        masks = kernel.lanes() > 1 && (masked || masksAhead > 0);
        return masks || !masked;
    }

    /** What became of it. */
    void ends(RowKernel kernel, boolean kept, boolean found) {
        if (kept) {
            masksAhead = found ? MASKS_AHEAD : Math.max(masksAhead - 1, 0);
        } else if (masks || kernel.lanes() == 1) {
            masksAhead = 0;
            pause = PAUSE;
        } else {
            masksAhead = MASKS_AHEAD; // masks are the likeliest reason
        }
    }

    /** Whether masks may be among the elements of the rows at hand. */
    boolean masks() {
        return masks;
    }

    /** Whether all elements of rows may be kept: {@link RowKernel#inRange}, or masked, if that is possible. */
    static boolean areInRange(RowKernel kernel, boolean masks, float[] x, int from, int step, int n, int count, int e, float[] k) {
        return masks ? kernel.inRangeOrMasked(x, from, step, n, count, e, k) : kernel.inRange(x, from, step, n, count, e, k);
    }

    /**
     * Whether row r's target, if there is one, and an element beside the excluded one, -1 for none, are not masked: then its loss is finite, and its sum
     * one of elements that may be kept.
     */
    static boolean hasOthers(RowKernel kernel, Rows x, int r, int target, int excluded, int e, float[] k) {
        float lowest = RowKernel.lowestKept(e, k);
        int from = x.start(r);
        int n = x.columns();
        if (target >= 0 && !(x.data()[from + target] >= lowest)) return false;
        int first = indexFrom(kernel, x.data(), from, 0, n, lowest);
        return first < n && (first != excluded || indexFrom(kernel, x.data(), from, first + 1, n, lowest) < n);
    }

    private static int indexFrom(RowKernel kernel, float[] x, int from, int start, int n, float least) {
        int i = start;
        for (int count; i < n; i += count) {
            count = Math.min(Rows.LEAF, n - i);
            int found = kernel.indexFrom(x, from + i, count, least);
            if (found < count) return i + found;
        }
        return n;
    }
}
