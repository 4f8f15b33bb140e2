package io.github.surprisal.kernel;

import java.util.Arrays;

/**
 * A few rows of not too many columns, brought to a float array from wherever they are, and back: so that the short ones are computed side by
 * side in any storage and layout. For one thread; 32 KB, which stay in the first-level cache.
 */
final class RowTile {
    private static final ThreadLocal<RowTile> OF_THREAD = new ThreadLocal<>();
    private static final int ELEMENTS = 1 << 13;
    /** Longer rows gain nothing from being side by side. */
    static final int MAX_COLUMNS = ELEMENTS / 4;
    private static final int SIDE = 64;
    /** That many shapes are kept, because calls with different numbers of columns take turns. */
    private static final int SHAPES = 64;
    private static final RowKernel SCALAR = new ScalarKernel();

    private final float[] data = new float[ELEMENTS];
    private final float[] side = new float[SIDE];
    private final Rows[] oneBehindTheOther = new Rows[SHAPES];
    private final Rows[] oneBesideTheOther = new Rows[SHAPES];
    private Rows rows;

    static RowTile ofThread() {
        RowTile own = OF_THREAD.get();
        if (own == null) OF_THREAD.set(own = new RowTile());
        return own;
    }

    /** Whether rows of this kind are computed by way of a tile. */
    static boolean suits(Rows x) {
        return !x.straight() && x.columns() > 0 && x.columns() <= MAX_COLUMNS;
    }

    /** The tile as rows like those of x, of as many as fit; on request with their elements of one column together if they are so in x. */
    Rows shape(Rows x, boolean sideBySide) {
        int columns = x.columns();
        boolean beside = sideBySide && columns <= BatchShape.SHORT && x.columnStride() >= Rows.BESIDE;
        Rows[] shapes = beside ? oneBesideTheOther : oneBehindTheOther;
        rows = shapes[columns % SHAPES];
        if (rows == null || rows.columns() != columns) {
            rows = beside ? new Rows(data, 0, SIDE, columns, 0, SIDE) : new Rows(data, 0, Math.min(ELEMENTS / columns, LossCall.GROUP), columns, columns, 1);
            shapes[columns % SHAPES] = rows;
        }
        return rows;
    }

    /** How many rows of x, from r on and before to, one tile takes. */
    int countFrom(Rows x, int r, int to) {
        int most = Math.min(rows.rows(), to - r);
        return rows.contiguous() ? most : Math.min(most, x.columnStride() - r % x.columnStride());
    }

    /** Fills the tile with the rows of x from r on. */
    void load(RowKernel kernel, Rows x, int r, int count) {
        int columns = rows.columns();
        if (rows.contiguous() && x.contiguous()) {
            if (x.stride() == columns) {
                int all = count * columns;
                for (int i = 0; i < all; i += Store.PIECE) x.get(kernel, x.position(r) + i, 1, Math.min(Store.PIECE, all - i), data, i);
            } else {
                for (int k = 0; k < count; k++) x.get(kernel, r + k, 0, columns, data, k * columns);
            }
            return;
        }
        int n;
        for (int k = 0; k < count; k += n) { // rows of one outer index, whose elements of one column are next to each other
            n = together(x, r + k, count - k);
            if (rows.contiguous() && x.data() != null) {
                turning(kernel, columns).transposeBack(x.data(), x.start(r + k), x.columnStride(), columns, n, data, k * columns, columns);
                continue;
            }
            long from = x.position(r + k);
            for (int c = 0; c < columns; c++, from += x.columnStride()) {
                if (rows.contiguous()) {
                    x.get(kernel, from, 1, n, side, 0);
                    for (int i = 0, to = k * columns + c; i < n; i++, to += columns) data[to] = side[i];
                } else {
                    x.get(kernel, from, 1, n, data, c * SIDE + k);
                }
            }
        }
    }

    /** Overwrites the rows of out from r on. */
    void store(RowKernel kernel, Rows out, int r, int count) {
        int columns = rows.columns();
        if (rows.contiguous() && out.contiguous()) {
            if (out.stride() == columns) {
                int all = count * columns;
                for (int i = 0; i < all; i += Store.PIECE) out.put(kernel, out.position(r) + i, 1, Math.min(Store.PIECE, all - i), data, i);
            } else {
                for (int k = 0; k < count; k++) out.put(kernel, r + k, 0, columns, data, k * columns);
            }
            return;
        }
        int n;
        for (int k = 0; k < count; k += n) {
            n = together(out, r + k, count - k);
            if (out.contiguous()) {
                for (int i = 0; i < n; i++) putRow(kernel, out, r + k + i, k + i);
                continue;
            }
            if (rows.contiguous() && out.data() != null) { // columns and rows in each other's place
                turning(kernel, n).transposeBack(data, k * columns, columns, n, columns, out.data(), out.start(r + k), out.columnStride());
                continue;
            }
            long to = out.position(r + k);
            for (int c = 0; c < columns; c++, to += out.columnStride()) {
                if (rows.contiguous()) {
                    for (int i = 0, from = k * columns + c; i < n; i++, from += columns) side[i] = data[from];
                    out.put(kernel, to, 1, n, side, 0);
                } else {
                    out.put(kernel, to, 1, n, data, c * SIDE + k);
                }
            }
        }
    }

    /** The kernel that turns over n columns, or rows in their place: vectors would reach beyond few of them. */
    private static RowKernel turning(RowKernel kernel, int n) {
        return n >= kernel.lanes() ? kernel : SCALAR;
    }

    /** A row that lies across the tile, and next to each other in out. */
    private void putRow(RowKernel kernel, Rows out, int r, int k) {
        for (int c = 0; c < rows.columns(); c++) side[c] = data[c * SIDE + k];
        out.put(kernel, r, 0, rows.columns(), side, 0);
    }

    /** Applies options' softcap to count rows. */
    void prepare(RowKernel kernel, LossOptions options, int count) {
        int columns = rows.columns();
        if (rows.contiguous()) options.prepare(kernel, data, 0, count * columns);
        else for (int c = 0; c < columns; c++) options.prepare(kernel, data, c * SIDE, count);
    }

    /** Multiplies count rows, one behind the other, by the slopes of options' softcap at the rows of x from r on, which lie in place. */
    void multiplyBySlope(RowKernel kernel, LossOptions options, Rows x, int r, int count) {
        int columns = rows.columns();
        int together = x.dense() ? count : 1;
        for (int k = 0; k < count; k += together) options.multiplyBySlope(kernel, x.data(), x.start(r + k), together * columns, data, k * columns);
    }

    /** Fills row k, of those one behind the other. */
    void fill(int k, float value) {
        Arrays.fill(data, k * rows.columns(), (k + 1) * rows.columns(), value);
    }

    private static int together(Rows x, int r, int count) {
        int most = Math.min(SIDE, count);
        return x.contiguous() ? most : Math.min(most, x.columnStride() - r % x.columnStride());
    }
}
