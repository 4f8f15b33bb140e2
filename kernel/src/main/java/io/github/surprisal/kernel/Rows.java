package io.github.surprisal.kernel;

import java.util.Arrays;

/**
 * Rows of floats, in an array or in a {@link Store}: element c of row r is at position(r) + c * columnStride.
 *
 * @param data the array, or null
 * @param store where data is null
 * @param offset where row 0 begins
 * @param rows their number
 * @param columns elements a row
 * @param stride from one row to the next, if columnStride is 1
 * @param columnStride 1, or the inner size of data with the class axis in the middle, whose rows begin next to each other
 */
public record Rows(float[] data, Store store, long offset, int rows, int columns, long stride, int columnStride) {
    /** Leaf loops are no longer than this: the JVM can stop a thread only between them. */
    static final int LEAF = 1 << 16;
    /** Where fewer rows are next to each other, they are done sooner by way of a tile of many: measured. */
    static final int BESIDE = 32;

    /** How many of n elements, at least {@link RowKernel#GRAIN}, make a leaf loop that leaves none, or at least so many again. */
    static int leaf(int n) {
        return n < LEAF + RowKernel.GRAIN ? n : LEAF;
    }

    /** Rows in an array. */
    public Rows(float[] data, int offset, int rows, int columns, int rowStride, int columnStride) {
        this(data, null, offset, rows, columns, rowStride, columnStride);
    }

    /** Index of the first element of row r. */
    public long position(int r) {
        return columnStride == 1 ? offset + r * stride : offset + (long) (r / columnStride) * columns * columnStride + r % columnStride;
    }

    /** {@link #position} in an array. */
    public int start(int r) {
        return (int) position(r);
    }

    /** {@link #stride} in an array. */
    public int rowStride() {
        return (int) stride;
    }

    /** Whether the elements of a row are next to each other. */
    public boolean contiguous() {
        return columnStride == 1;
    }

    /** Whether all elements are next to each other. */
    boolean dense() {
        return columnStride == 1 && (stride == columns || rows < 2);
    }

    /** Whether rows are ranges of a float array. */
    public boolean inPlace() {
        return data != null && columnStride == 1;
    }

    /** Whether rows are ranges of floats off the heap. */
    boolean direct() {
        return data == null && columnStride == 1 && store.direct();
    }

    /** Whether kernels read and write whole rows where they are; off the heap not the short ones, which go through tiles. */
    boolean straight() {
        return inPlace() || direct() && columns > BatchShape.SHORT;
    }

    /** Whether {@link RowBatch} reads and writes short rows here: in an array, with many or all of them next to each other. */
    boolean sideBySide() {
        return data != null && columns <= BatchShape.SHORT && (columnStride == 1 || columnStride >= BESIDE);
    }

    public float get(int r, int c) {
        long at = position(r) + (long) c * columnStride;
        return data != null ? data[(int) at] : store.get(at);
    }

    void set(int r, int c, float x) {
        long at = position(r) + (long) c * columnStride;
        if (data != null) data[(int) at] = x;
        else store.set(at, x);
    }

    /** Copies n elements of row r, from column c on, up to {@link Store#PIECE}. */
    void get(RowKernel kernel, int r, int c, int n, float[] to, int at) {
        get(kernel, position(r) + (long) c * columnStride, columnStride, n, to, at);
    }

    /** to[at + i] = the element at from + i * step. */
    void get(RowKernel kernel, long from, int step, int n, float[] to, int at) {
        if (data == null) {
            store.get(kernel, from, step, n, to, at);
        } else if (step == 1) {
            System.arraycopy(data, (int) from, to, at, n);
        } else {
            for (int i = 0, j = (int) from; i < n; i++, j += step) to[at + i] = data[j];
        }
    }

    /** Overwrites n elements of row r, from column c on, up to {@link Store#PIECE}. */
    void put(RowKernel kernel, int r, int c, int n, float[] x, int at) {
        put(kernel, position(r) + (long) c * columnStride, columnStride, n, x, at);
    }

    /** The element at to + i * step = x[at + i]. */
    void put(RowKernel kernel, long to, int step, int n, float[] x, int at) {
        if (data == null) {
            if (step == 1) store.put(kernel, to, n, x, at);
            else for (int i = 0; i < n; i++, to += step) store.set(to, x[at + i]);
        } else if (step == 1) {
            System.arraycopy(x, at, data, (int) to, n);
        } else {
            for (int i = 0, j = (int) to; i < n; i++, j += step) data[j] = x[at + i];
        }
    }

    /** Sets every element of row r to value, 0 or NaN. */
    public void fill(int r, float value) {
        int piece = data == null ? Store.PIECE : LEAF;
        for (long c = 0; c < columns; c += piece) fill(r, c, (int) Math.min(piece, columns - c), value);
    }

    private void fill(int r, long c, int n, float value) {
        long at = position(r) + c * columnStride;
        if (inPlace()) {
            Arrays.fill(data, (int) at, (int) at + n, value);
        } else if (data != null) {
            for (int i = 0, j = (int) at; i < n; i++, j += columnStride) data[j] = value;
        } else if (columnStride == 1) {
            store.fill(at, n, Float.isNaN(value));
        } else {
            for (int i = 0; i < n; i++, at += columnStride) store.set(at, value);
        }
    }

    /** Whether both, which are of the same shape, are exactly the same elements in the same places. */
    public boolean sameAs(Rows other) {
        return format() == other.format() && sameBase(other) && address(offset) == other.address(other.offset)
                && columnStride == other.columnStride && (columnStride != 1 || rows < 2 || stride == other.stride);
    }

    /** Whether the elements may be in that array; to be asked first, because it allocates nothing. */
    public boolean mayContain(float[] array) {
        return data != null ? data == array : store.sameBase(array);
    }

    /** Whether the elements, which may be written to, are in an array of another type. */
    public boolean isIn(Object array) {
        return store != null && store.isIn(array);
    }

    /** Whether some byte is in both. Rows with the class axis in the middle lie gapless in one range. */
    public boolean overlaps(Rows other) {
        int mine = intervals();
        int others = other.intervals();
        if (mine == 0 || others == 0 || !sameBase(other)) return false;
        if (endOf(mine - 1) <= other.startOf(0) || other.endOf(others - 1) <= startOf(0)) return false;
        int i = 0;
        int j = 0;
        while (i < mine && j < others) { // both in ascending order
            long end = endOf(i);
            long otherEnd = other.endOf(j);
            if (Math.max(startOf(i), other.startOf(j)) < Math.min(end, otherEnd)) return true;
            if (end <= otherEnd) i++;
            else j++;
        }
        return false;
    }

    private boolean sameBase(Rows other) {
        if (data != null && other.data != null) return data == other.data;
        if (data != null) return other.store.sameBase(data);
        return other.data != null ? store.sameBase(other.data) : store.sameBase(other.store);
    }

    /** Of the element at a position: comparable where the base is the same. */
    private long address(long position) {
        return data != null ? position * Float.BYTES : store.address(position);
    }

    private Store.Format format() {
        return data != null ? Store.Format.FLOAT32 : store.format();
    }

    private int intervals() {
        return columns == 0 ? 0 : contiguous() ? rows : Math.min(rows, 1);
    }

    private long startOf(int interval) {
        return address(contiguous() ? offset + interval * stride : offset);
    }

    private long endOf(int interval) {
        long elements = contiguous() ? columns : (long) rows * columns;
        return startOf(interval) + elements * Store.size(format());
    }
}
