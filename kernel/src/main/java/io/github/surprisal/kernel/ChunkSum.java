package io.github.surprisal.kernel;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The fixed shape of a sum, in one place for every kernel, source and thread count; equal bits come from here.
 *
 * <p>A row is cut into chunks of {@link #CHUNK} elements from its first element on. A chunk of n elements has a body of
 * four streams of q = 16 * floor(n / 64) elements, one behind the other, and a tail of up to 63 elements, padded to four streams
 * of 16 whose positions follow the body's. Positions are summed in blocks of {@link RowKernel#BLOCK}. A block's terms
 * are scaled by 2^-E, where E is that of the largest element in the blocks so far: a multiple of {@link #EXPONENT_STEP}, so that it
 * almost never changes. Blocks add up in double. E and every decision below is a function of the chunk's elements alone, never
 * of width, address, threads or neighbours.
 *
 * <p>Speed comes from expecting the usual: that E is that of the chunk before, and that nothing is masked, infinite or NaN.
 * The kernel reports the largest exponent it met; a block that was not as expected is done again.
 *
 * <p>Scratch for one thread, 45 KB; {@link #ofThread} hands it out.
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
    private static final int GRAIN = RowKernel.GRAIN;
    private static final int GROUP = RowKernel.GROUP;
    private static final int TAIL = STREAMS * GRAIN;
    /*
     * Blocks a call of a long row, measured on Zen 5: more are 3 % faster in the cache, but a third slower from memory, where reading so many
     * partial sums back between two calls costs the row's own streams their prefetching. Folded ones leave fewer to read.
     */
    private static final int BLOCKS = 2;
    private static final int FOLDED_BLOCKS = 4;
    private static final int EXPONENT_STEP = 96;
    /** Exponents n in [-40, 56), logits in [-27.7, 38.8), share E = 0: usual logits and log-probabilities lie well inside. */
    private static final int EXPONENT_FLOOR = -40;

    /** |n| up to here is summed directly: |x| <= 2^19. Beyond it the reduction of x loses bits, and x - max is exact or negligible. */
    private static final int MAX_EXPONENT = 756387;

    /** No sum above this has lost terms below 2^-126, at most one 2^-126 an element, that would show. */
    private static final double SMALL_REST = 0x1p-80;
    private static final long SMALL_REST_BITS = Double.doubleToRawLongBits(SMALL_REST);
    private static final long INFINITY_BITS = Double.doubleToRawLongBits(Double.POSITIVE_INFINITY);

    /** A sum below this many times 2^top has at most this many elements near the largest; more average out their errors. */
    private static final double FEW = 8;

    /** Terms this many binary orders below the largest have errors that do not show. */
    private static final int CORRECTED = 12;

    private static final int NONE = -1;
    private static final int NEGATIVE_INFINITY_BITS = 0xFF800000;

    // No lambda and no segment before they are needed: their classes would double the time of the very first call.
    private static final ThreadLocal<ChunkSum> OF_THREAD = new ThreadLocal<>() {
        @Override
        protected ChunkSum initialValue() {
            return new ChunkSum();
        }
    };

    private final float[] scratch = new float[STREAMS * BLOCK];
    private final float[] partials = new float[GROUP * BLOCK];
    private final int[] tops = new int[RowKernel.TOPS_LENGTH];
    private final int[] bits = new int[RowKernel.TOPS_LENGTH];
    private final double[] sums = new double[8 * GROUP];
    private final LogSum chunk = new LogSum();
    private final LogSum row = new LogSum();

    // The row at hand, in an array or in a store, with a stride; and how its elements are prepared, if they are.
    private float[] array;
    private long base;
    private int stride;
    private Store store;
    private LossOptions prepared;
    private Store floats;

    // The chunk at hand: where it starts in the row, its length, the length of a stream of its body, body and tail.
    private long start;
    private int length;
    private int body;
    private int positions;

    /** Of e^x, or of e^(scale * x). */
    private float[] constants = Exp2.constants(1);
    private boolean topApart;

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

    /** From now on sums are of e^(scale * x), with the constants of {@link Exp2#constants}, and {@link #withTopApart} is off. */
    public ChunkSum withConstants(float[] constants) {
        this.constants = constants;
        topApart = false;
        return this;
    }

    /** Whether a dominant element is kept apart however large it is: the logarithm of its probability is nearly 0. */
    ChunkSum withTopApart(boolean topApart) {
        this.topApart = topApart;
        return this;
    }

    /** Adds to result the elements array[from + i * stride], 0 <= i < length, chunk by chunk. */
    public void add(RowKernel kernel, float[] array, int from, int length, int stride, LogSum result) {
        addWithout(kernel, array, from, length, stride, NONE, result);
    }

    /** As {@link #add}, without the element of the given index. */
    public void addWithout(RowKernel kernel, float[] array, int from, int length, int stride, int excluded, LogSum result) {
        this.array = array;
        this.base = from;
        this.stride = stride;
        try {
            addChunks(kernel, length, excluded, result);
        } finally {
            this.array = null; // keeps no caller's data alive
        }
    }

    /**
     * Adds to result the elements from .. to of row r, without the excluded one (-1 for none), as options prepare them if they are not
     * null; from is a multiple of {@link #CHUNK}.
     */
    void addRow(RowKernel kernel, Rows rows, int r, int from, int to, LossOptions options, int excluded, LogSum result) {
        array = rows.data();
        store = rows.store();
        stride = rows.columnStride();
        base = rows.position(r) + (long) from * stride;
        prepared = options != null && options.copies() ? options : null;
        try {
            addChunks(kernel, to - from, excluded >= from && excluded < to ? excluded - from : NONE, result);
        } finally {
            array = null;
            store = null;
            prepared = null;
        }
    }

    /** Adds to result the native-order floats of a segment, from the given one on. */
    public void add(RowKernel kernel, MemorySegment segment, long from, long length, LogSum result) {
        if (floats == null) floats = new Store(MemorySegment.NULL, Store.Format.FLOAT32);
        floats.set(segment, Store.Format.FLOAT32);
        store = floats;
        base = from;
        stride = 1;
        try {
            addChunks(kernel, length, NONE, result);
        } finally {
            store = null;
            floats.set(MemorySegment.NULL, Store.Format.FLOAT32);
        }
    }

    /** log-sum-exp of array[from + i * stride], 0 <= i < length. */
    public float lse(RowKernel kernel, float[] array, int from, int length, int stride) {
        return (float) exactLse(kernel, array, from, length, stride);
    }

    /** log-sum-exp of the native-order floats of a segment, from the given one on. */
    public float lse(RowKernel kernel, MemorySegment segment, long from, long length) {
        row.clear();
        add(kernel, segment, from, length, row);
        return (float) row.value();
    }

    private void addChunks(RowKernel kernel, long rowLength, int excluded, LogSum result) {
        for (long from = 0; from < rowLength; from += CHUNK) {
            start = from;
            length = (int) Math.min(CHUNK, rowLength - from);
            body = body(length);
            positions = positions(length);
            sumChunk(kernel, excluded >= from && excluded < from + CHUNK ? (int) (excluded - from) : NONE);
            result.merge(chunk);
        }
    }

    static int body(int length) {
        return length / TAIL * GRAIN;
    }

    static int positions(int length) {
        return (length + TAIL - 1) / TAIL * GRAIN;
    }

    private void sumChunk(RowKernel kernel, int excluded) {
        sweep(kernel, excluded, false);
        if (excluded != NONE && !huge && !nan && others + best < SMALL_REST) {
            sweep(kernel, excluded, true); // so far below the excluded element that its E may have cut terms off
        }
        if (nan) {
            chunk.set(Double.NaN, 0, 0);
        } else if (huge || top == Integer.MIN_VALUE) {
            sumHuge(kernel, excluded);
        } else if (excluded == NONE && needsCare(others + best)) {
            if (length <= RowBatch.SHORT) sumInDouble(kernel);
            else sumWithCare(kernel);
        } else {
            chunk.set(exponent * DoubleMath.LN2, 0, others + best);
        }
    }

    // ---- one chunk, block by block

    /**
     * Sums all blocks without the excluded element into others + best, in units of 2^exponent. Unless it is a hole from the
     * start, the excluded element has its say in E.
     */
    private void sweep(RowKernel kernel, int excluded, boolean hole) {
        others = 0;
        best = 0;
        top = Integer.MIN_VALUE;
        huge = false;
        nan = false;
        int patched = excluded == NONE || hole ? NONE : positionOf(excluded);
        int from = 0;
        while (from < positions && !nan) {
            int blocks = hole ? 0 : sumBlocksInPlace(kernel, from, patched, excluded);
            if (blocks > 0) {
                from += blocks * BLOCK;
                continue;
            }
            int n = Math.min(BLOCK, positions - from);
            int patch = patched >= from && patched < from + n ? excluded : NONE;
            if (!hole && sumInPlace(kernel, from, n, patch)) {
                from += BLOCK;
                continue;
            }
            boolean cleaned = masked;
            int largest = sumCopy(kernel, from, n, hole ? excluded : NONE);
            if (huge || nan) return;
            if (largest < -MAX_EXPONENT) { // masked throughout: every term is 0
                from += BLOCK;
            } else {
                if (patch != NONE) patch(patch, from);
                if (add(fold(kernel, n), largest, from)) {
                    from += BLOCK;
                } else if (cleaned) { // no known input comes here
                    nan = true;
                } else { // an element too low for the polynomial, but above any mask that shows: see it as a mask
                    masked = true;
                }
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

    /** Sums and adds a few whole blocks of the body, which need no copy; stops at one that is not as expected. */
    private int sumBlocksInPlace(RowKernel kernel, int from, int patched, int excluded) {
        if (stride != 1 || prepared != null || array == null && (masked || !store.sums())) return 0;
        boolean cleaned = masked;
        boolean plain = array != null && !cleaned;
        int count = Math.min(plain ? FOLDED_BLOCKS : BLOCKS, (body - from) / BLOCK);
        if (count <= 0) return 0;
        boolean patches = patched >= from && patched < from + count * BLOCK;
        boolean folded = plain && !patches;
        long first = base + start + from;
        if (folded) kernel.sumFolded(array, (int) first, BLOCK, body, BLOCK, count, exponent, constants, partials, sums, tops);
        else if (plain) kernel.sum(array, (int) first, BLOCK, body, BLOCK, count, exponent, constants, partials, 0, tops, 0);
        else if (cleaned) kernel.sumMasked(array, (int) first, BLOCK, body, BLOCK, count, exponent, constants, partials, 0, tops, 0, bits);
        else store.sum(kernel, first, BLOCK, body, BLOCK, count, exponent, constants, partials, tops);
        int usual = 0;
        int raw = 0;
        for (int highest = top; usual < count; usual++) {
            if (cleaned) {
                if (isNan(bits[usual])) break;
                raw = unsignedMax(raw, bits[usual]);
            }
            int largest = largest(tops[usual], exponent);
            if (cleaned && largest < -MAX_EXPONENT) continue; // masked throughout: every term is 0
            if (!isExpected(tops[usual], largest, highest)) break;
            highest = Math.max(highest, largest);
        }
        if (usual == 0) return 0;
        if (!folded) {
            if (patched >= from && patched < from + usual * BLOCK) patch(excluded, from);
            kernel.fold(partials, BLOCK, usual, sums);
        }
        for (int b = 0; b < usual; b++) {
            int largest = largest(tops[b], exponent);
            if (largest >= -MAX_EXPONENT && !add(sums[b], largest, from + b * BLOCK)) return b;
        }
        if (cleaned) masked = isMasked(raw);
        return usual;
    }

    /** Whether among elements with this unsigned maximum of bits there is a NaN of negative sign. */
    static boolean isNan(int bits) {
        return Integer.compareUnsigned(bits, NEGATIVE_INFINITY_BITS) > 0;
    }

    /** Whether among elements with this unsigned maximum of bits there are masks. */
    boolean isMasked(int bits) {
        return Integer.compareUnsigned(bits, Float.floatToRawIntBits(constants[Exp2.PADDING])) > 0;
    }

    /** Sums and adds a block whose body needs no copy; false, with nothing added, if it does or is not as expected. */
    private boolean sumInPlace(RowKernel kernel, int from, int n, int patch) {
        if (masked || stride != 1 || prepared != null || array == null && !store.sums()) return false;
        int n0 = Math.min(n, body - from);
        int bits = 0;
        if (n0 > 0) {
            if (array != null) kernel.sum(array, (int) (base + start + from), 0, body, n0, 1, exponent, constants, partials, 0, tops, 0);
            else store.sum(kernel, base + start + from, 0, body, n0, 1, exponent, constants, partials, tops);
            bits = tops[0];
        }
        if (n0 < n) {
            int at = STREAMS * body;
            copy(kernel, at, length - at, 0);
            Arrays.fill(scratch, length - at, TAIL, constants[Exp2.PADDING]);
            kernel.sum(scratch, 0, 0, GRAIN, GRAIN, 1, exponent, constants, partials, n0, tops, 0);
            bits = unsignedMax(bits, tops[0]);
        }
        int largest = largest(bits, exponent);
        if (!isExpected(bits, largest, top)) return false;
        if (patch != NONE) patch(patch, from);
        return add(fold(kernel, n), largest, from);
    }

    /** Whether a block with these exponent bits could be summed with the current exponent, the largest so far being highest. */
    private boolean isExpected(int bits, int largest, int highest) {
        if (!isCounted(bits, largest)) return false;
        int needed = exponentFor(largest);
        return highest == Integer.MIN_VALUE ? needed == exponent : needed <= exponent;
    }

    static int unsignedMax(int a, int b) {
        return Integer.compareUnsigned(a, b) > 0 ? a : b;
    }

    static int largest(int bits, int exponent) {
        return bits - Exp2.ZERO_SCALE - 127 + exponent;
    }

    /** Whether a block has no NaN, infinite, huge or masked element (bits < 0: NaN or a mask) and is not masked throughout. */
    private static boolean isCounted(int bits, int largest) {
        return bits >= 0 && Math.abs(largest) <= MAX_EXPONENT;
    }

    private static int exponentFor(int largest) {
        return Math.floorDiv(largest - EXPONENT_FLOOR, EXPONENT_STEP) * EXPONENT_STEP;
    }

    /** Copies a block and leaves its sums in partials, in units of 2^exponent, which it may change; returns its largest exponent. */
    private int sumCopy(RowKernel kernel, int from, int n, int hole) {
        while (true) {
            boolean cleaned = masked;
            gather(kernel, from, n, hole, constants[Exp2.PADDING]);
            if (cleaned) {
                int bits = kernel.mask(scratch, STREAMS * n, constants[Exp2.PADDING]);
                nan = isNan(bits);
                masked = isMasked(bits);
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

    private int sumScratch(RowKernel kernel, int n) {
        kernel.sum(scratch, 0, 0, n, n, 1, exponent, constants, partials, 0, tops, 0);
        return tops[0];
    }

    private double fold(RowKernel kernel, int n) {
        kernel.fold(partials, n, 1, sums);
        return sums[0];
    }

    // ---- elements and positions

    /** Copies a block's four pieces to scratch, with padding for the hole and for what the tail lacks. */
    private void gather(RowKernel kernel, int from, int n, int hole, float padding) {
        int n0 = Math.max(0, Math.min(n, body - from));
        for (int s = 0; s < STREAMS; s++) {
            int to = s * n;
            copy(kernel, s * body + from, n0, to);
            if (n0 < n) { // the tail
                int at = STREAMS * body + s * GRAIN;
                int present = Math.max(0, Math.min(GRAIN, length - at));
                copy(kernel, at, present, to + n0);
                Arrays.fill(scratch, to + n0 + present, to + n, padding);
            }
        }
        if (hole != NONE) {
            int i = positionOf(hole) - from;
            if (i >= 0 && i < n) scratch[streamOf(hole) * n + i] = padding;
        }
    }

    private int positionOf(int element) {
        return positionOf(element, body);
    }

    /** The position of an element in a chunk whose body has four streams of this many. */
    static int positionOf(int element, int body) {
        if (element >= STREAMS * body) return body + (element - STREAMS * body) % GRAIN;
        int half = element >= 2 * body ? element - 2 * body : element; // no division: this is done for every row
        return half >= body ? half - body : half;
    }

    private int streamOf(int element) {
        return element < STREAMS * body ? element / body : (element - STREAMS * body) / GRAIN;
    }

    /** The element at a position of a stream, length or more where there is only padding. */
    private int elementOf(int position, int s) {
        return position < body ? s * body + position : STREAMS * body + s * GRAIN + position - body;
    }

    private void copy(RowKernel kernel, int from, int count, int to) {
        if (count <= 0) return;
        long element = base + (start + from) * stride;
        if (array == null) {
            store.get(kernel, element, stride, count, scratch, to);
        } else if (stride == 1) {
            System.arraycopy(array, (int) element, scratch, to, count);
        } else {
            int at = (int) element;
            for (int i = 0; i < count; i++, at += stride) scratch[to + i] = array[at];
        }
        if (prepared != null) prepared.prepare(scratch, to, count);
    }

    private float element(int i) {
        long element = base + (start + i) * stride;
        float x = array == null ? store.get(element) : array[(int) element];
        return prepared == null ? x : prepared.prepared(x);
    }

    /** Computes the partial sum that the excluded element is in again, without it; from is where the block begins. */
    private void patch(int excluded, int from) {
        int position = positionOf(excluded);
        float padding = constants[Exp2.PADDING];
        int i = elementOf(position, 0);
        int step = elementOf(position, 1) - i;
        float sum = 0;
        for (int s = 0; s < STREAMS; s++, i += step) {
            float x = i == excluded || i >= length ? padding : Math.max(element(i), padding);
            sum = s == 0 ? Exp2.term(x, exponent, constants) : Exp2.addTerm(sum, x, exponent, constants);
        }
        partials[position - from] = sum;
    }

    // ---- the unusual

    /**
     * Whether few elements make up a sum whose logarithm is near 0, where an ulp is less than a term's error: the largest element
     * must stay apart, and the others be summed more exactly. Also makes a lone element return itself, for which elsewhere
     * the rounding to float suffices.
     *
     * @param lse the logarithm of the sum, which is in units of 2^exponent
     */
    boolean needsCare(double sum, double lse, int top, int exponent, int elements) {
        double largest = DoubleMath.powerOfTwo(top - exponent);
        // Each below 0 where it holds: no branch to mispredict.
        long near = Double.doubleToRawLongBits(Math.abs(lse) - 1);
        long nearShort = Double.doubleToRawLongBits(Math.abs(lse) - 2) & elements - RowBatch.SHORT - 1; // where care is cheap
        long few = Double.doubleToRawLongBits(sum - FEW * largest) & Math.abs(top) - 6;
        long dominated = Double.doubleToRawLongBits(sum - 2 * largest) & Math.abs(top) - 4;
        long apart = Double.doubleToRawLongBits(sum - 4 * largest) & (topApart ? -1 : 0);
        return (few & (dominated | near) | nearShort | apart) < 0;
    }

    /** The same of the chunk at hand, with the logarithm taken only where it matters, which is seldom. */
    private boolean needsCare(double sum) {
        boolean few = sum < FEW * DoubleMath.powerOfTwo(top - exponent) && (topApart || Math.abs(top) <= 5);
        if (!few && length > RowBatch.SHORT) return false;
        return needsCare(sum, exponent * DoubleMath.LN2 + DoubleMath.log(sum), top, exponent, length);
    }

    private void sumInDouble(RowKernel kernel) {
        copy(kernel, 0, length, 0);
        double anchor = NearZero.anchor(scale(), scratch, 0, 1, length);
        double count = NearZero.gaps(scale(), scratch, 0, 1, length, anchor, sums, 0);
        kernel.exp(sums, NearZero.padded(sums, length));
        chunk.set(anchor, 1, NearZero.rest(count, sums, 0, length));
    }

    private void sumWithCare(RowKernel kernel) {
        int excluded = firstOfTop();
        int largest = top;
        int n = Math.min(BLOCK, positions - bestFrom);
        gather(kernel, bestFrom, n, excluded, constants[Exp2.PADDING]);
        kernel.mask(scratch, STREAMS * n, constants[Exp2.PADDING]);
        sumScratch(kernel, n);
        double rest = others + fold(kernel, n);
        if (rest < SMALL_REST) {
            sweep(kernel, excluded, true);
            rest = top == Integer.MIN_VALUE ? 0 : others + best;
            largest = top;
        }
        if (Math.abs(largest) <= 5) rest += correction(excluded, largest - CORRECTED);
        double x = scale() * element(excluded);
        chunk.set(x, 1, rest == 0 ? 0 : rest * DoubleMath.exp(exponent * DoubleMath.LN2 - x));
    }

    /** What the float terms of exponents from lowest on lack, in double. */
    private double correction(int excluded, int lowest) {
        double sum = 0;
        for (int i = 0; i < length; i++) {
            float x = element(i);
            if (x > constants[Exp2.PADDING] && i != excluded && Exp2.exponent(x, constants) >= lowest) {
                sum += DoubleMath.exp(scale() * x - exponent * DoubleMath.LN2) - Exp2.term(x, exponent, constants);
            }
        }
        return sum;
    }

    /** The first element, stream by stream, of the best block that has the largest exponent: within a factor 2 of the largest. */
    private int firstOfTop() {
        int to = bestFrom + Math.min(BLOCK, positions - bestFrom);
        // No element below it has this exponent: spares most the exact look.
        double bound = ((top - 0.500001) * DoubleMath.LN2 - Math.abs(top) * 1e-7) / scale();
        for (int s = 0; ; s++) {
            for (int position = bestFrom; position < to; position++) {
                int i = elementOf(position, s);
                if (i >= length) break;
                float x = element(i);
                if (x >= bound && Exp2.exponent(x, constants) == top) return i;
            }
        }
    }

    /** A chunk with NaN or infinities, or whose largest element is beyond +-2^19: x - max is exact or rounds without effect. */
    private void sumHuge(RowKernel kernel, int excluded) {
        float max = Float.NEGATIVE_INFINITY;
        int first = 0;
        for (int i = 0; i < length; i++) {
            float x = element(i);
            if (i == excluded || x <= max) continue;
            max = x;
            first = i;
            if (Float.isNaN(x)) break;
        }
        chunk.set(max, 0, 0);
        if (!Float.isFinite(max)) return;
        exponent = 0;
        double sum = 0;
        for (int from = 0; from < positions; from += BLOCK) {
            int n = Math.min(BLOCK, positions - from);
            gather(kernel, from, n, excluded, Float.NEGATIVE_INFINITY);
            if (positionOf(first) >= from && positionOf(first) < from + n) {
                scratch[streamOf(first) * n + positionOf(first) - from] = Float.NEGATIVE_INFINITY;
            }
            for (int i = 0; i < STREAMS * n; i++) scratch[i] = Math.max(scratch[i] - max, constants[Exp2.PADDING]);
            sumScratch(kernel, n);
            sum += fold(kernel, n);
        }
        chunk.set(scale() * max, 1, sum);
    }

    double scale() {
        return constants[Exp2.C1]; // the polynomial of e^(scale * r) begins 1 + scale * r
    }

    /** log-sum-exp, not yet rounded, of row r. */
    double lseOfRow(RowKernel kernel, Rows rows, int r) {
        row.clear();
        addRow(kernel, rows, r, 0, rows.columns(), null, NONE, row);
        return row.value();
    }

    private double exactLse(RowKernel kernel, float[] array, int from, int length, int stride) {
        row.clear();
        add(kernel, array, from, length, stride, row);
        return row.value();
    }

    // ---- what a batch of rows needs to know

    float[] partials() {
        return partials;
    }

    float[] scratch() {
        return scratch;
    }

    boolean masked() {
        return masked;
    }

    void setMasked(boolean masked) {
        this.masked = masked;
    }

    float[] constants() {
        return constants;
    }

    /** Negative unless {@link #exponent()} is right for a row with these largest exponent bits: exponentFor(largest), without a branch. */
    static int outside(int bits) {
        int above = bits - (Exp2.ZERO_SCALE + 127 + EXPONENT_FLOOR);
        return above | EXPONENT_STEP - 1 - above;
    }

    /** Whether {@link #outside} holds for the current exponent: near the limits the general way decides. */
    boolean isDirect() {
        return Math.abs(exponent) < MAX_EXPONENT - EXPONENT_STEP;
    }

    /** Negative unless a finite sum without its excluded element has lost nothing that would show; for NaN too. Integers, because Math.min is slow. */
    static long outside(double sum) {
        long bits = Double.doubleToRawLongBits(sum);
        return bits - SMALL_REST_BITS | INFINITY_BITS - 1 - bits;
    }

    int exponent() {
        return exponent;
    }
}
