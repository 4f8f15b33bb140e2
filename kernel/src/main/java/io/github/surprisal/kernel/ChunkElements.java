package io.github.surprisal.kernel;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** The elements of the chunk at hand: where they lie, and which positions {@link ChunkSum} sums them at. */
final class ChunkElements {
    private static final int STREAMS = ChunkSum.STREAMS;
    private static final int TAIL = ChunkSum.TAIL;
    private static final int GRAIN = RowKernel.GRAIN;

    // The row at hand, in an array or in a store, with a stride; and how its elements are prepared, if they are.
    float[] array;
    Store store;
    private long base;
    private int stride;
    private LossOptions prepared;
    private Store floats;

    // The chunk at hand: where it starts in the row, its length, the length of a stream of its body, body and tail.
    private long start;
    int length;
    int body;
    int positions;

    /** The row is array[from + i]. */
    void set(float[] array, int from) {
        this.array = array;
        base = from;
        stride = 1;
    }

    /** The row is row r from that column on, as options prepare it if they are not null. */
    void set(Rows rows, int r, int from, LossOptions options) {
        array = rows.data();
        store = rows.store();
        stride = rows.columnStride();
        base = rows.position(r) + (long) from * stride;
        prepared = options != null && options.copies() ? options : null;
    }

    /** The row is the native-order floats of a segment, from the given one on. */
    void set(MemorySegment segment, long from) {
        if (floats == null) floats = new Store(MemorySegment.NULL, Store.Format.FLOAT32);
        floats.set(segment, Store.Format.FLOAT32);
        store = floats;
        base = from;
        stride = 1;
    }

    /** Keeps no caller's data alive. */
    void clear() {
        if (store != null && store == floats) floats.set(MemorySegment.NULL, Store.Format.FLOAT32);
        array = null;
        store = null;
        prepared = null;
    }

    /** The chunk begins at element start of the row. */
    void startChunk(long start, int length) {
        this.start = start;
        this.length = length;
        body = body(length);
        positions = positions(length);
    }

    static int body(int length) {
        return length / TAIL * GRAIN;
    }

    static int positions(int length) {
        return (length + TAIL - 1) / TAIL * GRAIN;
    }

    /** Whether the terms behind the body, which is padded where it is summed, may be kept: of count rows of so many columns. */
    static boolean isTailInRange(RowKernel kernel, float[] x, int from, int step, int columns, int count, int exponent, float[] constants,
            boolean masks) {
        int tail = columns - STREAMS * body(columns);
        int n = Math.max(tail, GRAIN);
        return tail == 0 || Keeping.areInRange(kernel, masks, x, from + columns - n, step, n, count, exponent, constants);
    }

    /** Whether a kernel can sum the body without a copy. */
    boolean inPlace() {
        return stride == 1 && prepared == null && (array != null || store.sums());
    }

    /** Where element i, of those in place, is in the array or store. */
    long place(int i) {
        return base + start + i;
    }

    // ---- positions

    int positionOf(int element) {
        return positionOf(element, body);
    }

    /** The position of an element in a chunk whose body has four streams of this many. */
    static int positionOf(int element, int body) {
        if (element >= STREAMS * body) return body + (element - STREAMS * body) % GRAIN;
        int half = element >= 2 * body ? element - 2 * body : element; // no division: this is done for every row
        return half >= body ? half - body : half;
    }

    int streamOf(int element) {
        return element < STREAMS * body ? element / body : (element - STREAMS * body) / GRAIN;
    }

    /** The element at a position of a stream, length or more where there is only padding. */
    private int elementOf(int position, int s) {
        return position < body ? s * body + position : STREAMS * body + s * GRAIN + position - body;
    }

    // ---- elements

    /** Element i of the chunk, prepared. */
    float element(int i) {
        long element = base + (start + i) * stride;
        float x = array == null ? store.get(element) : array[(int) element];
        return prepared == null ? x : prepared.prepared(x);
    }

    /** out[to + i] = element from + i, 0 <= i < count. */
    void copy(RowKernel kernel, int from, int count, float[] out, int to) {
        if (count <= 0) return;
        long element = base + (start + from) * stride;
        if (array == null) {
            store.get(kernel, element, stride, count, out, to);
        } else if (stride == 1) {
            System.arraycopy(array, (int) element, out, to, count);
        } else {
            int at = (int) element;
            for (int i = 0; i < count; i++, at += stride) out[to + i] = array[at];
        }
        if (prepared != null) prepared.prepare(kernel, out, to, count);
    }

    /** Copies the four pieces of the block of n positions from a position on, with padding for the hole and for what the tail lacks. */
    void gather(RowKernel kernel, int from, int n, int hole, float padding, float[] out) {
        int n0 = Math.max(0, Math.min(n, body - from));
        for (int s = 0; s < STREAMS; s++) {
            int to = s * n;
            copy(kernel, s * body + from, n0, out, to);
            if (n0 < n) { // the tail
                int at = STREAMS * body + s * GRAIN;
                int present = Math.max(0, Math.min(GRAIN, length - at));
                copy(kernel, at, present, out, to + n0);
                Arrays.fill(out, to + n0 + present, to + n, padding);
            }
        }
        if (hole != ChunkSum.NONE) {
            int i = positionOf(hole) - from;
            if (i >= 0 && i < n) out[streamOf(hole) * n + i] = padding;
        }
    }

    /** Copies the four elements at a position, with nothing in place of the excluded one and of what is not there. */
    void gather(int position, int excluded, float nothing, float[] out, int to) {
        for (int s = 0; s < STREAMS; s++) {
            int i = elementOf(position, s);
            out[to + s] = i == excluded || i >= length ? nothing : element(i);
        }
    }

    /** The partial sum of the position that the excluded element is at, without it. */
    float partialWithout(int excluded, int exponent, float[] constants) {
        return partialWithout(positionOf(excluded), excluded, exponent, constants);
    }

    /** The partial sum of a position, without the excluded element if that is there. */
    float partialWithout(int position, int excluded, int exponent, float[] constants) {
        float padding = constants[Exp2.PADDING];
        int i = elementOf(position, 0);
        int step = elementOf(position, 1) - i;
        float sum = 0;
        for (int s = 0; s < STREAMS; s += 2, i += 2 * step) {
            float x = i == excluded || i >= length ? padding : Math.max(element(i), padding);
            float y = i + step == excluded || i + step >= length ? padding : Math.max(element(i + step), padding);
            sum += Exp2.addTerm(Exp2.term(x, exponent, constants), y, exponent, constants);
        }
        return sum;
    }

    /** The same where the elements are terms that have been kept. */
    float sumWithout(int position, int excluded) {
        float sum = 0;
        for (int s = 0; s < STREAMS; s += 2) {
            int i = elementOf(position, s);
            int j = elementOf(position, s + 1);
            sum += (i == excluded || i >= length ? 0 : element(i)) + (j == excluded || j >= length ? 0 : element(j));
        }
        return sum;
    }

    /** The first stream whose element at a position is not less than this. */
    int firstStreamFrom(int position, float least) {
        int s = 0;
        while (s < STREAMS && !(elementOf(position, s) < length && element(elementOf(position, s)) >= least)) s++;
        return s;
    }

    /** The first of the largest elements in the block of n positions from a position on; overwrites scratch. */
    int largest(RowKernel kernel, int from, int n, float[] scratch) {
        int n0 = Math.max(0, Math.min(n, body - from));
        int first = -1;
        float max = Float.NEGATIVE_INFINITY;
        for (int s = 0; s <= STREAMS; s++) { // the tail, which is padded to streams elsewhere, last
            int start = s * body + (s < STREAMS ? from : 0);
            int count = s < STREAMS ? n0 : n0 < n ? length - STREAMS * body : 0;
            copy(kernel, start, count, scratch, 0);
            float most = kernel.max(scratch, 0, count);
            if (count == 0 || most <= max && first >= 0) continue;
            first = start + kernel.indexFrom(scratch, 0, count, most);
            max = most;
        }
        return first;
    }
}
