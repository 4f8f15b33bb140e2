package io.github.surprisal.kernel;

/**
 * A row, piece by piece, as ranges of a float array: the very ranges where it consists of them, else of scratch, to which they are brought.
 * For one thread.
 */
final class RowPieces {
    private final float[] scratch = new float[Store.PIECE];
    private RowKernel kernel;
    private Rows rows;
    private LossOptions options;
    private int row;
    private boolean inPlace;

    private float[] array;
    private int at;

    /** Row r, as the options prepare it if they are not null. */
    RowPieces start(RowKernel kernel, Rows rows, int r, LossOptions options) {
        this.kernel = kernel;
        this.rows = rows;
        this.options = options != null && options.copies() ? options : null;
        row = r;
        inPlace = rows.inPlace() && this.options == null;
        if (inPlace) array = rows.data();
        else array = scratch;
        return this;
    }

    /** The most elements that {@link #load} takes: in place, where it copies nothing, as many as a leaf loop may have. */
    int length() {
        return inPlace ? Rows.LEAF : Store.PIECE;
    }

    /** How many elements the piece from c on has. */
    int lengthFrom(long c) {
        return (int) Math.min(length(), rows.columns() - c);
    }

    /** Makes elements c .. c + n those at {@link #at} in {@link #array}. */
    void load(int c, int n) {
        if (inPlace) {
            at = rows.start(row) + c;
        } else {
            rows.get(kernel, row, c, n, scratch, 0);
            if (options != null) options.prepare(kernel, scratch, 0, n);
            at = 0;
        }
    }

    float[] array() {
        return array;
    }

    int at() {
        return at;
    }

    /** Keeps no caller's data alive. */
    void end() {
        kernel = null;
        rows = null;
        options = null;
        array = null;
    }
}
