package io.github.surprisal;

import io.github.surprisal.kernel.Rows;
import java.util.Objects;

/**
 * A rows x columns view of float data that it does not own. One row = one sample, one column = one class.
 *
 * <p>Immutable; as thread-safe as the data behind it. Nothing is copied.
 */
public final class Matrix {
    final Rows view;

    private Matrix(float[] data, int offset, int rows, int columns, int rowStride, int columnStride) {
        view = new Rows(data, offset, rows, columns, rowStride, columnStride);
    }

    /**
     * Row-major data without gaps: element (r, c) is data[r * columns + c].
     *
     * @param data at least rows * columns elements
     * @param rows number of rows, >= 0
     * @param columns number of columns, >= 0
     * @return the view
     * @throws NullPointerException if data is null
     * @throws IllegalArgumentException if a size is negative or data is too short
     */
    public static Matrix of(float[] data, int rows, int columns) {
        return of(data, 0, rows, columns, columns);
    }

    /**
     * Row-major data with gaps: element (r, c) is data[offset + r * rowStride + c].
     *
     * @param data the array
     * @param offset index of element (0, 0), >= 0
     * @param rows number of rows, >= 0
     * @param columns number of columns, >= 0
     * @param rowStride elements from one row to the next, >= columns
     * @return the view
     * @throws NullPointerException if data is null
     * @throws IllegalArgumentException if a size is negative, rowStride is below columns or data is too short
     */
    public static Matrix of(float[] data, int offset, int rows, int columns, int rowStride) {
        Objects.requireNonNull(data, "data");
        requireNotNegative("offset", offset);
        requireNotNegative("rows", rows);
        requireNotNegative("columns", columns);
        if (rowStride < columns) {
            throw new IllegalArgumentException("rowStride " + rowStride + " is below columns " + columns);
        }
        long needed = rows == 0 ? offset : offset + (rows - 1L) * rowStride + columns; // below 2^63: no overflow
        requireFits(data, needed, "offset " + offset + " and " + rows + " x " + columns + " with rowStride " + rowStride);
        return new Matrix(data, offset, rows, columns, rowStride, 1);
    }

    /**
     * (N, C, d1..dk) data with the class axis in the middle: outer = N, inner = d1 * .. * dk. Row r = n * inner + j is the
     * sample at (n, j); its element c is data[(n * classes + c) * inner + j].
     *
     * @param data at least outer * classes * inner elements
     * @param outer size before the class axis, >= 0
     * @param classes size of the class axis, the columns, >= 0
     * @param inner product of the sizes behind the class axis, >= 0
     * @return the view, of outer * inner rows
     * @throws NullPointerException if data is null
     * @throws IllegalArgumentException if a size is negative, outer * inner exceeds int, or data is too short
     */
    public static Matrix ofClassAxis(float[] data, int outer, int classes, int inner) {
        Objects.requireNonNull(data, "data");
        requireNotNegative("outer", outer);
        requireNotNegative("classes", classes);
        requireNotNegative("inner", inner);
        long rows = (long) outer * inner;
        if (rows > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("outer " + outer + " x inner " + inner + " = " + rows + " rows, at most 2147483647 are possible");
        }
        // outer * inner fits in an int and classes is one: no overflow
        requireFits(data, rows * classes, outer + " x " + classes + " x " + inner);
        return new Matrix(data, 0, (int) rows, classes, inner == 1 ? classes : 0, Math.max(inner, 1));
    }

    private static void requireNotNegative(String name, int value) {
        if (value < 0) throw new IllegalArgumentException(name + " " + value + " is negative");
    }

    private static void requireFits(float[] data, long needed, String what) {
        if (needed > data.length) {
            throw new IllegalArgumentException(what + " needs " + needed + " elements, data has " + data.length);
        }
    }

    /**
     * Number of rows.
     *
     * @return >= 0
     */
    public int rows() {
        return view.rows();
    }

    /**
     * Number of columns.
     *
     * @return >= 0
     */
    public int columns() {
        return view.columns();
    }
}
