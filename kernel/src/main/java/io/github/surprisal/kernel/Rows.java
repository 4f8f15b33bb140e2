package io.github.surprisal.kernel;

/**
 * Rows of floats in an array: element c of row r is data[start(r) + c * columnStride].
 *
 * @param data the array
 * @param offset where row 0 begins
 * @param rows their number
 * @param columns elements a row
 * @param rowStride from one row to the next, if columnStride is 1
 * @param columnStride 1, or the inner size of data with the class axis in the middle, whose rows begin next to each other
 */
public record Rows(float[] data, int offset, int rows, int columns, int rowStride, int columnStride) {
    /** Index of the first element of row r. */
    public int start(int r) {
        return columnStride == 1 ? offset + r * rowStride : offset + r / columnStride * columns * columnStride + r % columnStride;
    }

    /** Whether the elements of a row are next to each other. */
    public boolean contiguous() {
        return columnStride == 1;
    }

    /** Copies row r. */
    public void get(int r, float[] to, int at) {
        int from = start(r);
        if (columnStride == 1) {
            System.arraycopy(data, from, to, at, columns);
        } else {
            for (int c = 0; c < columns; c++, from += columnStride) to[at + c] = data[from];
        }
    }

    /** Overwrites row r. */
    public void put(int r, float[] from, int at) {
        int to = start(r);
        if (columnStride == 1) {
            System.arraycopy(from, at, data, to, columns);
        } else {
            for (int c = 0; c < columns; c++, to += columnStride) data[to] = from[at + c];
        }
    }

    /** Sets every element of row r. */
    public void fill(int r, float value) {
        int to = start(r);
        for (int c = 0; c < columns; c++, to += columnStride) data[to] = value;
    }

    /** Whether both are exactly the same elements in the same places. */
    public boolean sameAs(Rows other) {
        return data == other.data && offset == other.offset && rows == other.rows && columns == other.columns
                && columnStride == other.columnStride && (columnStride != 1 || rows < 2 || rowStride == other.rowStride);
    }

    /** Whether some element is in both. Rows with the class axis in the middle lie gapless in one range. */
    public boolean overlaps(Rows other) {
        if (data != other.data) return false;
        int i = 0;
        int j = 0;
        while (i < intervals() && j < other.intervals()) { // both in ascending order
            long end = intervalEnd(i);
            long otherEnd = other.intervalEnd(j);
            if (Math.max(intervalStart(i), other.intervalStart(j)) < Math.min(end, otherEnd)) return true;
            if (end <= otherEnd) i++;
            else j++;
        }
        return false;
    }

    private int intervals() {
        return columns == 0 ? 0 : contiguous() ? rows : Math.min(rows, 1);
    }

    private long intervalStart(int i) {
        return contiguous() ? offset + (long) i * rowStride : offset;
    }

    private long intervalEnd(int i) {
        return contiguous() ? intervalStart(i) + columns : offset + (long) rows * columns;
    }
}
