package io.github.surprisal.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * The fixed shape of a sum, in one place for every kernel, source and thread count; equal bits come from here.
 *
 * <p>A row is cut into chunks of {@link #CHUNK} elements from its first element on. A chunk of n elements is read as four
 * streams, n/4 elements (rounded up to {@link RowKernel#GRAIN}) apart, in blocks of {@link RowKernel#BLOCK} positions; what
 * the last stream lacks is padding. A block's terms are scaled by 2^-E, where E is that of the largest element in the
 * blocks so far: a multiple of {@link #EXPONENT_STEP}, so that it almost never changes. Blocks add up in double.
 * E and every decision below is a function of the chunk's elements alone, never of width, address, threads or neighbours.
 *
 * <p>Speed comes from expecting the usual: that E is that of the chunk before, and that nothing is masked, infinite or NaN.
 * The kernel reports the largest exponent it met; a block that was not as expected is done again.
 *
 * <p>Scratch for one thread, 13 KB; {@link #ofThread} hands it out.
 */
public final class ChunkSum {
    /*
     * Frozen: changing one of these changes results in the last bit. Chosen by measurement (Zen 4, 512 bit, Gelem/s for
     * 64 x 128256): chunks of 8 Ki 4.0, 16 Ki 4.3, 32 Ki 4.5, 64 Ki 4.7, 128 Ki 4.9; one stream instead of four 2.5.
     * 2^17 also takes today's largest vocabularies in one piece.
     */
    public static final int CHUNK = 1 << 17;
    private static final int STREAMS = 4;
    private static final int BLOCK = RowKernel.BLOCK;
    /** Rows summed by one call of the kernel. Not part of the shape: it changes no bits. */
    private static final int GROUP = 8;

    private static final int EXPONENT_STEP = 96;
    /** Exponents n in [-40, 56), logits in [-27.7, 38.8), share E = 0: usual logits and log-probabilities lie well inside. */
    private static final int EXPONENT_FLOOR = -40;

    /** |n| up to here is summed directly: |x| <= 2^19. Beyond it the reduction of x loses bits, and x - max is exact or negligible. */
    private static final int MAX_EXPONENT = 756387;

    /** No sum above this has lost terms below 2^-126, at most one 2^-126 an element, that would show. */
    private static final double SMALL_REST = 0x1p-80;

    private static final int NONE = -1;
    private static final int NEGATIVE_INFINITY_BITS = 0xFF800000;
    private static final int PADDING_BITS = 0xCA800000;

    private static final ThreadLocal<ChunkSum> OF_THREAD = ThreadLocal.withInitial(ChunkSum::new);

    private final float[] scratch = new float[STREAMS * BLOCK];
    private final float[] partials = new float[GROUP * BLOCK];
    private final int[] tops = new int[GROUP];
    private final double[] sums = new double[8 * GROUP];
    private final LogSum chunk = new LogSum();
    private final LogSum row = new LogSum();

    // The row at hand: an array with a stride, or a segment.
    private float[] array;
    private long base;
    private int stride;
    private MemorySegment segment;

    // The chunk at hand: where it starts in the row, its length, the length of a stream.
    private long start;
    private int length;
    private int streamLength;

    // What the last chunk was like, and so the next one is expected to be.
    private int exponent;
    private boolean masked;

    // The state of a sweep.
    private double others; // sum of all blocks but the best
    private double best; // sum of the first block that holds the largest exponent
    private int bestFrom;
    private int top; // the largest exponent, MIN_VALUE while no block has counted
    private boolean huge;
    private boolean nan;

    private ChunkSum() {}

    public static ChunkSum ofThread() {
        return OF_THREAD.get();
    }

    /** Adds to result the elements array[from + i * stride], 0 <= i < length, chunk by chunk. */
    public void add(RowKernel kernel, float[] array, int from, int length, int stride, LogSum result) {
        this.array = array;
        this.base = from;
        this.stride = stride;
        try {
            addChunks(kernel, length, result);
        } finally {
            release();
        }
    }

    /** Adds to result the native-order floats of a segment, from the given element on. */
    public void add(RowKernel kernel, MemorySegment segment, long from, long length, LogSum result) {
        this.segment = segment;
        this.base = from;
        try {
            addChunks(kernel, length, result);
        } finally {
            release();
        }
    }

    /**
     * out[outFrom + r] = log-sum-exp of row r, the columns elements from array[from + r * rowStride] on. Rows of one block
     * are summed a group at a time, then folded, then finished: long chains of dependent operations overlap across rows.
     */
    public void rows(RowKernel kernel, float[] array, int from, int rowStride, int rows, int columns, float[] out, int outFrom) {
        int stream = roundUp((columns + STREAMS - 1) / STREAMS);
        for (int r = 0; r < rows; ) {
            int count = Math.min(GROUP, rows - r);
            int at = from + r * rowStride;
            if (stream <= BLOCK && !masked) {
                sumRows(kernel, array, at, rowStride, count, columns, stream);
                finishRows(kernel, array, at, rowStride, count, columns, stream, out, outFrom + r);
            } else {
                for (int k = 0; k < count; k++) out[outFrom + r + k] = lse(kernel, array, at + k * rowStride, columns, 1);
            }
            r += count;
        }
    }

    private void sumRows(RowKernel kernel, float[] x, int from, int rowStride, int count, int columns, int stream) {
        if (columns == STREAMS * stream) {
            kernel.sum(x, from, rowStride, stream, stream, 0, count, exponent, partials, tops);
            return;
        }
        for (int k = 0; k < count; k++) {
            System.arraycopy(x, from + k * rowStride, scratch, 0, columns);
            Arrays.fill(scratch, columns, STREAMS * stream, Exp2.PADDING);
            kernel.sum(scratch, 0, 0, stream, stream, k, 1, exponent, partials, tops);
        }
    }

    private void finishRows(RowKernel kernel, float[] x, int from, int rowStride, int count, int columns, int stream,
            float[] out, int outFrom) {
        int e = exponent;
        int unusual = 0;
        kernel.fold(partials, stream, count, sums);
        for (int k = 0; k < GROUP; k++) {
            int largest = largest(tops[k], e);
            boolean usual = k < count && isCounted(tops[k], largest) && exponentFor(largest) == e
                    && sums[k] > 0 && !mayNearlyCancel(sums[k], largest, e);
            if (!usual) {
                unusual |= 1 << k;
                sums[k] = 1;
            }
        }
        kernel.log(sums, GROUP);
        for (int k = 0; k < count; k++) {
            if ((unusual >> k & 1) == 0) out[outFrom + k] = (float) (e * DoubleMath.LN2 + sums[k]);
        }
        for (int k = 0; k < count; k++) { // after the others, because it overwrites sums
            if ((unusual >> k & 1) != 0) out[outFrom + k] = lse(kernel, x, from + k * rowStride, columns, 1);
        }
    }

    /** log-sum-exp of array[from + i * stride], 0 <= i < length. */
    public float lse(RowKernel kernel, float[] array, int from, int length, int stride) {
        row.clear();
        add(kernel, array, from, length, stride, row);
        return (float) row.value();
    }

    /** log-sum-exp of the native-order floats of a segment, from the given element on. */
    public float lse(RowKernel kernel, MemorySegment segment, long from, long length) {
        row.clear();
        add(kernel, segment, from, length, row);
        return (float) row.value();
    }

    /** Keeps no caller's data alive. */
    private void release() {
        array = null;
        segment = null;
    }

    private void addChunks(RowKernel kernel, long rowLength, LogSum result) {
        for (long from = 0; from < rowLength; from += CHUNK) {
            start = from;
            length = (int) Math.min(CHUNK, rowLength - from);
            streamLength = roundUp((length + STREAMS - 1) / STREAMS);
            sumChunk(kernel);
            result.merge(chunk);
        }
    }

    private static int roundUp(int n) {
        return (n + RowKernel.GRAIN - 1) & -RowKernel.GRAIN;
    }

    private void sumChunk(RowKernel kernel) {
        sweep(kernel, NONE);
        if (nan) {
            chunk.set(Double.NaN, 0, 0);
        } else if (huge || top == Integer.MIN_VALUE) {
            sumHuge(kernel, NONE);
        } else if (mayNearlyCancel(others + best, top, exponent)) {
            excludeTop(kernel);
        } else {
            chunk.set(exponent * DoubleMath.LN2, 0, others + best);
        }
    }

    /** Sums all blocks without the excluded element into others + best, in units of 2^exponent. */
    private void sweep(RowKernel kernel, int excluded) {
        others = 0;
        best = 0;
        top = Integer.MIN_VALUE;
        huge = false;
        nan = false;
        int from = 0;
        while (from < streamLength && !huge && !nan) {
            int n = Math.min(BLOCK, streamLength - from);
            if (sumInPlace(kernel, from, n, excluded)) {
                from += BLOCK;
                continue;
            }
            int largest = sumCopy(kernel, from, n, excluded);
            if (largest < -MAX_EXPONENT || add(fold(kernel, n), largest, from)) {
                from += BLOCK;
            } else { // an element too low for the polynomial, but above any mask that shows: see it as a mask
                masked = true;
            }
        }
    }

    /** Adds a block's sum; false if that is NaN. */
    private boolean add(double sum, int largest, int from) {
        if (Double.isNaN(sum)) return false;
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

    /** Sums and adds a block that needs no copy; false, with nothing added, if it does or is not as expected. */
    private boolean sumInPlace(RowKernel kernel, int from, int n, int excluded) {
        if (masked || array == null || stride != 1 || excluded != NONE || 3 * streamLength + from + n > length) return false;
        int at = (int) (base + start + from);
        kernel.sum(array, at, 0, streamLength, n, 0, 1, exponent, partials, tops);
        int largest = largest(tops[0], exponent);
        return isCounted(tops[0], largest)
                && (top == Integer.MIN_VALUE ? exponentFor(largest) == exponent : exponentFor(largest) <= exponent)
                && add(fold(kernel, n), largest, from);
    }

    private static int largest(int bits, int exponent) {
        return bits - Exp2.ZERO_SCALE - 127 + exponent;
    }

    /** Whether a block has no NaN, infinite, huge or masked element (bits < 0: NaN or a mask) and is not masked throughout. */
    private static boolean isCounted(int bits, int largest) {
        return bits >= 0 && Math.abs(largest) <= MAX_EXPONENT;
    }

    /** Copies a block and leaves its sums in partials, in units of 2^exponent, which it may change; returns its largest exponent. */
    private int sumCopy(RowKernel kernel, int from, int n, int excluded) {
        while (true) {
            boolean cleaned = masked;
            gather(from, n, excluded, Exp2.PADDING);
            if (cleaned) {
                int bits = kernel.mask(scratch, STREAMS * n);
                nan = Integer.compareUnsigned(bits, NEGATIVE_INFINITY_BITS) > 0;
                masked = Integer.compareUnsigned(bits, PADDING_BITS) > 0;
            }
            int bits = sumScratch(kernel, n);
            int largest = largest(bits, exponent);
            if (bits < 0 || largest > MAX_EXPONENT) { // NaN, infinite, huge, or masked
                huge = cleaned;
                masked = true;
                if (cleaned) return largest;
                continue;
            }
            int needed = exponentFor(largest);
            if (largest >= -MAX_EXPONENT && (top == Integer.MIN_VALUE ? needed != exponent : needed > exponent)) {
                others = Math.scalb(others, exponent - needed);
                best = Math.scalb(best, exponent - needed);
                exponent = needed;
                sumScratch(kernel, n);
            }
            return largest;
        }
    }

    private static int exponentFor(int largest) {
        return Math.floorDiv(largest - EXPONENT_FLOOR, EXPONENT_STEP) * EXPONENT_STEP;
    }

    private int sumScratch(RowKernel kernel, int n) {
        kernel.sum(scratch, 0, 0, n, n, 0, 1, exponent, partials, tops);
        return tops[0];
    }

    private double fold(RowKernel kernel, int n) {
        kernel.fold(partials, n, 1, sums);
        return sums[0];
    }

    /** Copies the block's four pieces to scratch, with padding for the excluded element and for what is missing. */
    private void gather(int from, int n, int excluded, float padding) {
        for (int s = 0; s < STREAMS; s++) {
            int position = s * streamLength + from;
            int present = Math.max(0, Math.min(n, length - position));
            copy(position, present, s * n);
            Arrays.fill(scratch, s * n + present, s * n + n, padding);
            if (excluded >= position && excluded < position + n) scratch[s * n + excluded - position] = padding;
        }
    }

    private void copy(int position, int count, int to) {
        if (count == 0) return; // the position may be past the end
        long element = start + position;
        if (array == null) {
            MemorySegment.copy(segment, ValueLayout.JAVA_FLOAT_UNALIGNED, (base + element) * Float.BYTES, scratch, to, count);
        } else if (stride == 1) {
            System.arraycopy(array, (int) (base + element), scratch, to, count);
        } else {
            int at = (int) (base + element * stride);
            for (int i = 0; i < count; i++, at += stride) scratch[to + i] = array[at];
        }
    }

    private float element(int position) {
        long element = start + position;
        return array == null
                ? segment.get(ValueLayout.JAVA_FLOAT_UNALIGNED, (base + element) * Float.BYTES)
                : array[(int) (base + element * stride)];
    }

    /**
     * Whether the result may be so near 0 that the largest element must stay apart: it holds more than a quarter of the sum
     * and is itself small. Also makes a lone element return itself, for which elsewhere the rounding to float suffices.
     */
    private static boolean mayNearlyCancel(double sum, int top, int exponent) {
        return Math.abs(top) <= 3 && sum < Math.scalb(2.0, top - exponent);
    }

    private void excludeTop(RowKernel kernel) {
        int excluded = firstOfTop();
        int n = Math.min(BLOCK, streamLength - bestFrom);
        gather(bestFrom, n, excluded, Exp2.PADDING);
        kernel.mask(scratch, STREAMS * n);
        sumScratch(kernel, n);
        double rest = others + fold(kernel, n);
        if (rest < SMALL_REST) { // so far below the excluded element that its E may have cut terms off
            sweep(kernel, excluded);
            rest = top == Integer.MIN_VALUE ? 0 : others + best;
        }
        float x = element(excluded);
        chunk.set(x, 1, rest == 0 ? 0 : rest * DoubleMath.exp(exponent * DoubleMath.LN2 - x));
    }

    /** The first element, stream by stream, of the best block that has the largest exponent: within a factor 2 of the largest. */
    private int firstOfTop() {
        for (int s = 0; ; s++) {
            int from = s * streamLength + bestFrom;
            int to = Math.min(from + Math.min(BLOCK, streamLength - bestFrom), length);
            for (int i = from; i < to; i++) {
                if (Exp2.exponent(element(i)) == top) return i;
            }
        }
    }

    /** A chunk with NaN or infinities, or whose largest element is beyond +-2^19: x - max is exact or rounds without effect. */
    private void sumHuge(RowKernel kernel, int excluded) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < length; i++) {
            if (i != excluded) max = Math.max(max, element(i)); // NaN stays
        }
        chunk.set(max, 0, 0);
        if (!Float.isFinite(max)) return;
        exponent = 0;
        double sum = 0;
        for (int from = 0; from < streamLength; from += BLOCK) {
            int n = Math.min(BLOCK, streamLength - from);
            gather(from, n, excluded, Float.NEGATIVE_INFINITY);
            for (int i = 0; i < STREAMS * n; i++) scratch[i] = Math.max(scratch[i] - max, Exp2.PADDING);
            sumScratch(kernel, n);
            sum += fold(kernel, n);
        }
        chunk.set(max, 0, sum);
    }
}
