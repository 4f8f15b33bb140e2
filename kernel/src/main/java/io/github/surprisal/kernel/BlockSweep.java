package io.github.surprisal.kernel;

import java.util.Arrays;

/**
 * The sum of a chunk's blocks in units of 2^E: with the E and the masks that are expected, and of a block that is not as expected once more.
 * {@link ChunkSum} judges what comes of it. Terms are kept meanwhile if {@link KeptRow} has asked for it.
 */
abstract class BlockSweep {
    private static final int STREAMS = ChunkSum.STREAMS;
    private static final int BLOCK = RowKernel.BLOCK;
    private static final int GRAIN = RowKernel.GRAIN;
    private static final int GROUP = RowKernel.GROUP;
    private static final int TAIL = ChunkSum.TAIL;
    private static final int NONE = ChunkSum.NONE;
    /*
     * Blocks a call of a long row that are masked, off the heap or kept, measured on Zen 5: more are 3 % faster in the cache, but a third slower from memory,
     * where reading so many partial sums back between two calls costs the row's own streams their prefetching. Folded ones, of 512 bits, leave none to read,
     * and 16 are 2 to 7 % faster than 4 on Zen 4; but 4 for a chunk's first call, which is made again where the chunk is not like the one before, and for
     * fewer lanes, which fold behind the sums.
     */
    private static final int BLOCKS = 2;
    private static final int FIRST_BLOCKS = 4;
    private static final int FOLDED_BLOCKS = GROUP;
    /**
     * Decisions without a mask after one with: a block with a mask that was not expected is summed three or four times, a block without one where
     * masks are expected costs an eighth more.
     */
    private static final int MASKS_AHEAD = 64;

    final float[] scratch = new float[STREAMS * BLOCK];
    final float[] partials = new float[GROUP * BLOCK];
    private final int[] tops = new int[RowKernel.TOPS_LENGTH];
    private final int[] bits = new int[RowKernel.TOPS_LENGTH];
    final double[] sums = new double[8 * GROUP];
    private final int[] patched = new int[FOLDED_BLOCKS];
    private final float[] patches = new float[FOLDED_BLOCKS];
    final ChunkElements elements = new ChunkElements();
    final double[] blockSums = new double[ChunkSum.CHUNK / (STREAMS * BLOCK)];

    /** Of e^x, or of e^(scale * x). */
    float[] constants = Exp2.constants(1);

    // What the last chunk was like, and so the next one is expected to be.
    int exponent;
    private int masksAhead; // 0 where no mask is expected

    // The state of a sweep.
    double others; // sum of all blocks but the best
    double best; // sum of the first block that holds the largest exponent
    int bestFrom;
    int top; // the largest exponent, MIN_VALUE while no block has counted
    private boolean skipped; // a block of nothing but elements that are too low, masked or not
    boolean huge;
    boolean nan;

    // Where the terms of the row at hand are kept, null where they are not.
    float[] keep;
    int keepFrom;
    boolean keepsMasks; // there may be masks among them
    boolean foundMasks; // there are
    int ahead; // how far behind the elements at hand those to look at are, 0 for none
    boolean aheadInRange; // all of them so far

    BlockSweep() {
        Arrays.fill(patched, NONE);
    }

    /**
     * Sums all blocks without the excluded element into others + best, in units of 2^exponent. Unless it is a hole from the
     * start, the excluded element has its say in E.
     */
    void sweep(RowKernel kernel, int excluded, boolean hole) {
        others = 0;
        best = 0;
        top = Integer.MIN_VALUE;
        skipped = false;
        huge = false;
        nan = false;
        if (elements.positions > BLOCK) Arrays.fill(blockSums, 0.0); // that of a single block is set before anyone reads it
        int hidden = excluded == NONE || hole ? NONE : elements.positionOf(excluded);
        int from = 0;
        while (from < elements.positions && !nan) {
            int blocks = hole ? 0 : sumBlocksInPlace(kernel, from, hidden, excluded);
            if (blocks > 0) {
                from += blocks * BLOCK;
                continue;
            }
            int n = Math.min(BLOCK, elements.positions - from);
            int patch = hidden >= from && hidden < from + n ? excluded : NONE;
            if (!hole && sumInPlace(kernel, from, n, patch)) {
                from += BLOCK;
                continue;
            }
            boolean cleaned = masked();
            keep = null;
            int largest = sumCopy(kernel, from, n, hole ? excluded : NONE);
            if (huge || nan) return;
            if (largest < -ChunkExponents.MAX) { // masked throughout: every term is 0
                skipped = true;
                from += BLOCK;
            } else {
                if (patch != NONE) partials[hidden - from] = elements.partialWithout(patch, exponent, constants);
                if (add(fold(kernel, n), largest, from)) {
                    from += BLOCK;
                } else if (cleaned) { // no known input comes here
                    nan = true;
                } else { // an element too low for the polynomial, but above any mask that shows: see it as a mask
                    expectMasks(true);
                }
            }
        }
        huge |= skipped && top < ChunkExponents.LOW; // then the terms skipped may count after all
    }

    /** Adds a block's sum; false if that is NaN. */
    private boolean add(double sum, int largest, int from) {
        if (Double.isNaN(sum)) return false;
        blockSums[from / BLOCK] = sum;
        if (largest > top) {
            others += best;
            best = sum;
            bestFrom = from;
            top = largest;
        } else {
            others += sum;
        }
        return true;
    }

    /** Sums and adds a few whole blocks of the body, which need no copy; stops at one that is not as expected. */
    private int sumBlocksInPlace(RowKernel kernel, int from, int hidden, int excluded) {
        float[] array = elements.array;
        boolean keeps = keep != null;
        boolean masks = keeps && keepsMasks;
        boolean cleaned = !masks && masked();
        if (!elements.inPlace() || array == null && cleaned) return 0;
        boolean plain = array != null && !cleaned;
        int body = elements.body;
        int most = !plain || keeps ? BLOCKS : top == Integer.MIN_VALUE || kernel.lanes() < GRAIN ? FIRST_BLOCKS : FOLDED_BLOCKS;
        int count = Math.min(most, (body - from) / BLOCK);
        if (count <= 0) return 0;
        boolean hides = hidden >= from && hidden < from + count * BLOCK;
        boolean folds = plain && !keeps;
        long first = elements.place(from);
        float patch = hides ? elements.partialWithout(excluded, exponent, constants) : 0; // before its elements are overwritten by terms
        if (masks) foundMasks |= kernel.sumKeptMasked(array, (int) first, BLOCK, body, BLOCK, count, exponent, constants, partials, 0, tops, 0,
                keep, keepFrom + from, BLOCK);
        else if (keeps) aheadInRange &= kernel.sumKept(array, (int) first, BLOCK, body, BLOCK, count, exponent, constants, partials, 0, tops, 0,
                keep, keepFrom + from, BLOCK, ahead);
        else if (folds) sumFolded(kernel, array, (int) first, body, count, hides ? hidden - from : NONE, patch);
        else if (cleaned) kernel.sumMasked(array, (int) first, BLOCK, body, BLOCK, count, exponent, constants, partials, 0, tops, 0, bits);
        else elements.store.sum(kernel, first, BLOCK, body, BLOCK, count, exponent, constants, partials, tops);
        int usual = 0;
        int raw = 0;
        for (int highest = top; usual < count; usual++) {
            if (cleaned) {
                if (ChunkExponents.isNan(bits[usual])) break;
                raw = ChunkExponents.unsignedMax(raw, bits[usual]);
            }
            int largest = ChunkExponents.largest(tops[usual], exponent);
            if ((cleaned || masks) && isMaskedThroughout(tops[usual], largest)) continue;
            if (!ChunkExponents.isExpected(tops[usual], largest, highest, exponent) || keeps && ChunkExponents.outside(tops[usual]) < 0) break;
            highest = Math.max(highest, largest);
        }
        if (usual < count) keep = null;
        if (usual == 0) return 0;
        if (!folds) {
            if (hidden >= from && hidden < from + usual * BLOCK) partials[hidden - from] = patch;
            kernel.fold(partials, BLOCK, usual, sums);
        }
        for (int b = 0; b < usual; b++) {
            int largest = ChunkExponents.largest(tops[b], exponent);
            boolean none = isMaskedThroughout(tops[b], largest);
            skipped |= none;
            if (none || add(sums[b], largest, from + b * BLOCK)) continue;
            keep = null;
            return b;
        }
        if (cleaned) expectMasks(ChunkExponents.isMasked(raw, constants));
        return usual;
    }

    /** Whether every term is 0. */
    private static boolean isMaskedThroughout(int bits, int largest) {
        return bits >= 0 && largest < -ChunkExponents.MAX;
    }

    /** Whole blocks, with a patch at that position of them, -1 for none. */
    private void sumFolded(RowKernel kernel, float[] array, int from, int body, int count, int position, float patch) {
        int block = Math.max(position, 0) / BLOCK;
        patched[block] = position < 0 ? NONE : position % BLOCK;
        patches[block] = patch;
        try {
            kernel.sumFolded(array, from, BLOCK, body, BLOCK, BLOCK, count, exponent, constants, partials, false, patched, patches, sums, tops);
        } finally {
            patched[block] = NONE; // also after a StackOverflowError: the next call of this thread would have the patch
        }
    }

    /** Sums and adds a block whose body needs no copy; false, with nothing added, if it does or is not as expected. */
    private boolean sumInPlace(RowKernel kernel, int from, int n, int patch) {
        boolean masks = keep != null && keepsMasks;
        if (!masks && masked() || !elements.inPlace()) return false;
        float[] array = elements.array;
        int body = elements.body;
        int n0 = Math.min(n, body - from);
        int bits = 0;
        float[] out = keep;
        keep = null; // unless the block turns out as expected
        float replacement = patch == NONE ? 0 : elements.partialWithout(patch, exponent, constants);
        if (n0 > 0) {
            long first = elements.place(from);
            if (masks) foundMasks |= kernel.sumKeptMasked(array, (int) first, 0, body, n0, 1, exponent, constants, partials, 0, tops, 0,
                    out, keepFrom + from, 0);
            else if (out != null) aheadInRange &= kernel.sumKept(array, (int) first, 0, body, n0, 1, exponent, constants, partials, 0, tops, 0,
                    out, keepFrom + from, 0, ahead);
            else if (array != null) kernel.sum(array, (int) first, 0, body, n0, 1, exponent, constants, partials, 0, tops, 0);
            else elements.store.sum(kernel, first, 0, body, n0, 1, exponent, constants, partials, tops);
            bits = tops[0];
            if (out != null && !(masks && bits == 0) && ChunkExponents.outside(bits) < 0) return false;
        }
        if (n0 < n) {
            int tail = elements.length - STREAMS * body;
            boolean unknown = out != null && out != array; // else it has been looked at before, with the body
            if (unknown && !ChunkElements.isTailInRange(kernel, array, (int) elements.place(0), 0, elements.length, 1, exponent, constants,
                    masks)) return false;
            elements.copy(kernel, STREAMS * body, tail, scratch, 0);
            Arrays.fill(scratch, tail, TAIL, constants[Exp2.PADDING]);
            if (masks) kernel.sumMasked(scratch, 0, 0, GRAIN, GRAIN, 1, exponent, constants, partials, n0, tops, 0, this.bits);
            else kernel.sum(scratch, 0, 0, GRAIN, GRAIN, 1, exponent, constants, partials, n0, tops, 0);
            bits = ChunkExponents.unsignedMax(bits, tops[0]);
            if (out != null) {
                kernel.terms(scratch, 0, TAIL, exponent, constants, 1, scratch, 0);
                System.arraycopy(scratch, 0, out, keepFrom + STREAMS * body, tail);
            }
        }
        int largest = ChunkExponents.largest(bits, exponent);
        if (masks && isMaskedThroughout(bits, largest)) { // a mask that is a number in a tail is none to sums: top is that of others then
            skipped = true;
            keep = out;
            return true;
        }
        if (!ChunkExponents.isExpected(bits, largest, top, exponent)) return false;
        if (patch != NONE) partials[elements.positionOf(patch) - from] = replacement;
        keep = out;
        return add(fold(kernel, n), largest, from);
    }

    /** Copies a block and leaves its sums in partials, in units of 2^exponent, which it may change; returns its largest exponent. */
    private int sumCopy(RowKernel kernel, int from, int n, int hole) {
        while (true) {
            boolean cleaned = masked();
            elements.gather(kernel, from, n, hole, constants[Exp2.PADDING], scratch);
            if (cleaned) {
                int bits = kernel.mask(scratch, STREAMS * n, constants[Exp2.PADDING]);
                nan = ChunkExponents.isNan(bits);
                expectMasks(ChunkExponents.isMasked(bits, constants));
            }
            int bits = sumScratch(kernel, n);
            int largest = ChunkExponents.largest(bits, exponent);
            if (bits < 0 || largest > ChunkExponents.MAX) { // NaN, infinite, huge, or masked
                huge = cleaned;
                expectMasks(true);
                if (cleaned) return largest;
                continue;
            }
            int needed = ChunkExponents.exponentFor(largest);
            if (largest >= -ChunkExponents.MAX && (top == Integer.MIN_VALUE ? needed != exponent : needed > exponent)) {
                others = Math.scalb(others, exponent - needed);
                best = Math.scalb(best, exponent - needed);
                for (int b = 0; b < from / BLOCK; b++) blockSums[b] = Math.scalb(blockSums[b], exponent - needed);
                exponent = needed;
                sumScratch(kernel, n);
            }
            return largest;
        }
    }

    int sumScratch(RowKernel kernel, int n) {
        kernel.sum(scratch, 0, 0, n, n, 1, exponent, constants, partials, 0, tops, 0);
        return tops[0];
    }

    double fold(RowKernel kernel, int n) {
        kernel.fold(partials, n, 1, sums);
        return sums[0];
    }

    /** Copies a block without the excluded element and without masks. */
    void gatherWithHole(RowKernel kernel, int from, int n, int excluded) {
        elements.gather(kernel, from, n, excluded, constants[Exp2.PADDING], scratch);
        kernel.mask(scratch, STREAMS * n, constants[Exp2.PADDING]);
    }

    double scale() {
        return Exp2.scaleOf(constants);
    }

    /** Whether masks are expected. */
    boolean masked() {
        return masksAhead > 0;
    }

    /** What was found last. Only arrays are cleaned of masks without a copy; elsewhere a single block without one ends the expectation. */
    void expectMasks(boolean found) {
        if (found) masksAhead = MASKS_AHEAD;
        else masksAhead = elements.store == null ? Math.max(masksAhead - 1, 0) : 0;
    }
}
