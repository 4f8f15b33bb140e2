package io.github.surprisal;

import io.github.surprisal.kernel.Rows;
import io.github.surprisal.kernel.Store;
import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.util.Objects;

/**
 * A rows x columns view of numbers that it does not own, in a float array, a {@link MemorySegment} or a short array. One row = one sample,
 * one column = one class. Equal numbers give equal results, in the last bit, wherever they are and whatever their type.
 *
 * <p>Segments may be native, mapped or on the heap, at any address, and hold more elements than an int counts; only rows and columns are
 * ints each. A read-only one can be an input (of a read-only heap segment it takes some bytes on the heap to find out what it overlaps). Every call
 * checks first that its segments are alive and open to the calling thread, and throws IllegalStateException or WrongThreadException, as the segment itself
 * would. With a parallel {@link Execution}, a segment that is confined to a thread keeps the whole call on it.
 *
 * <p>Immutable; as thread-safe as the data behind it. Nothing is copied.
 */
public final class Matrix {
    final Rows view;

    /** Where view is of a segment's float array, the segment, whose lifetime and thread still count; else null or the store's. */
    final MemorySegment segment;

    private Matrix(float[] data, int offset, int rows, int columns, int rowStride, int columnStride) {
        view = new Rows(data, offset, rows, columns, rowStride, columnStride);
        segment = null;
    }

    private Matrix(MemorySegment data, ElementType type, long offset, int rows, int columns, long rowStride, int columnStride) {
        segment = data;
        // A segment of floats that are floats of a Java array is used as that.
        boolean array = type == ElementType.FLOAT32 && data.heapBase().orElse(null) instanceof float[] && data.address() % Float.BYTES == 0;
        view = array
                ? new Rows((float[]) data.heapBase().get(), null, data.address() / Float.BYTES + offset, rows, columns, rowStride, columnStride)
                : new Rows(null, new Store(data, type.format), offset, rows, columns, rowStride, columnStride);
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
        if (needed > data.length) throw tooShort(strided(offset, rows, columns, rowStride), needed, data);
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
        int rows = classAxisRows(outer, classes, inner);
        // outer * inner fits in an int and classes is one: no overflow
        long needed = (long) rows * classes;
        if (needed > data.length) throw tooShort(outer + " x " + classes + " x " + inner, needed, data);
        return new Matrix(data, 0, rows, classes, inner == 1 ? classes : 0, Math.max(inner, 1));
    }

    /**
     * Row-major data without gaps in a segment, in native byte order: element (r, c) is number r * columns + c of the segment.
     *
     * @param data at least rows * columns elements, at any address, on or off the heap
     * @param type of its elements
     * @param rows number of rows, >= 0
     * @param columns number of columns, >= 0
     * @return the view
     * @throws NullPointerException if data or type is null
     * @throws IllegalArgumentException if a size is negative or data is too short
     */
    public static Matrix of(MemorySegment data, ElementType type, int rows, int columns) {
        return of(data, type, 0, rows, columns, columns);
    }

    /**
     * Row-major data with gaps in a segment, in native byte order: element (r, c) is number offset + r * rowStride + c of the segment.
     *
     * @param data at any address, on or off the heap
     * @param type of its elements
     * @param offset element (0, 0), counted in elements, >= 0
     * @param rows number of rows, >= 0
     * @param columns number of columns, >= 0
     * @param rowStride elements from one row to the next, >= columns
     * @return the view
     * @throws NullPointerException if data or type is null
     * @throws IllegalArgumentException if a size is negative, rowStride is below columns or data is too short
     */
    public static Matrix of(MemorySegment data, ElementType type, long offset, int rows, int columns, long rowStride) {
        Objects.requireNonNull(data, "data");
        Objects.requireNonNull(type, "type");
        requireNotNegative("offset", offset);
        requireNotNegative("rows", rows);
        requireNotNegative("columns", columns);
        if (rowStride < columns) {
            throw new IllegalArgumentException("rowStride " + rowStride + " is below columns " + columns);
        }
        BigInteger needed = BigInteger.valueOf(offset);
        if (rows > 0) needed = needed.add(BigInteger.valueOf(rows - 1).multiply(BigInteger.valueOf(rowStride))).add(BigInteger.valueOf(columns));
        if (!fits(data, type, needed)) throw tooShort(strided(offset, rows, columns, rowStride), needed, data, type);
        return new Matrix(data, type, offset, rows, columns, rows < 2 ? columns : rowStride, 1);
    }

    /**
     * Row-major data without gaps in an array of 16-bit numbers: element (r, c) has the bits data[r * columns + c].
     *
     * @param data at least rows * columns elements
     * @param type BFLOAT16 or FLOAT16
     * @param rows number of rows, >= 0
     * @param columns number of columns, >= 0
     * @return the view
     * @throws NullPointerException if data or type is null
     * @throws IllegalArgumentException if type is FLOAT32, a size is negative or data is too short
     */
    public static Matrix of(short[] data, ElementType type, int rows, int columns) {
        Objects.requireNonNull(data, "data");
        Objects.requireNonNull(type, "type");
        if (type == ElementType.FLOAT32) {
            throw new IllegalArgumentException("type FLOAT32 has 32 bits, data is a short[]: BFLOAT16 and FLOAT16 are possible");
        }
        return of(MemorySegment.ofArray(data), type, rows, columns);
    }

    /**
     * (N, C, d1..dk) data with the class axis in the middle in a segment, in native byte order: outer = N, inner = d1 * .. * dk. Row
     * r = n * inner + j is the sample at (n, j); its element c is number (n * classes + c) * inner + j of the segment.
     *
     * @param data at least outer * classes * inner elements, at any address, on or off the heap
     * @param type of its elements
     * @param outer size before the class axis, >= 0
     * @param classes size of the class axis, the columns, >= 0
     * @param inner product of the sizes behind the class axis, >= 0
     * @return the view, of outer * inner rows
     * @throws NullPointerException if data or type is null
     * @throws IllegalArgumentException if a size is negative, outer * inner exceeds int, or data is too short
     */
    public static Matrix ofClassAxis(MemorySegment data, ElementType type, int outer, int classes, int inner) {
        Objects.requireNonNull(data, "data");
        Objects.requireNonNull(type, "type");
        int rows = classAxisRows(outer, classes, inner);
        BigInteger needed = BigInteger.valueOf((long) rows * classes);
        if (!fits(data, type, needed)) throw tooShort(outer + " x " + classes + " x " + inner, needed, data, type);
        return new Matrix(data, type, 0, rows, classes, inner == 1 ? classes : 0, Math.max(inner, 1));
    }

    private static int classAxisRows(int outer, int classes, int inner) {
        requireNotNegative("outer", outer);
        requireNotNegative("classes", classes);
        requireNotNegative("inner", inner);
        long rows = (long) outer * inner;
        if (rows > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("outer " + outer + " x inner " + inner + " = " + rows + " rows, at most 2147483647 are possible");
        }
        return (int) rows;
    }

    private static void requireNotNegative(String name, long value) {
        if (value < 0) throw new IllegalArgumentException(name + " " + value + " is negative");
    }

    private static boolean fits(MemorySegment data, ElementType type, BigInteger needed) {
        return needed.compareTo(BigInteger.valueOf(available(data, type))) <= 0;
    }

    private static long available(MemorySegment data, ElementType type) {
        return data.byteSize() / Store.size(type.format);
    }

    // Made only to be thrown: the first text that a JVM puts together takes it milliseconds.

    private static IllegalArgumentException tooShort(String what, long needed, float[] data) {
        return new IllegalArgumentException(what + " needs " + needed + " elements, data has " + data.length);
    }

    private static IllegalArgumentException tooShort(String what, BigInteger needed, MemorySegment data, ElementType type) {
        return new IllegalArgumentException(what + " needs " + needed + " elements of type " + type + ", data has " + available(data, type)
                + " (" + data.byteSize() + " bytes)");
    }

    private static String strided(long offset, int rows, int columns, long rowStride) {
        return "offset " + offset + " and " + rows + " x " + columns + " with rowStride " + rowStride;
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

    /** {@return the shape, and where in the data the elements are, for people} */
    @Override
    public String toString() {
        String step = view.contiguous() ? "rows " + view.stride() + " apart" : "columns " + view.columnStride() + " apart";
        return view.rows() + " x " + view.columns() + " from element " + view.offset() + ", " + step + (segment == null ? "" : ", of " + segment);
    }
}
