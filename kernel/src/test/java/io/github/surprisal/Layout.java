package io.github.surprisal;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.IntStream;

/** One way to lay rows x columns out in an array, and back; what lies between the elements must not matter. */
record Layout(Kind kind, int rows, int columns, int inner) {
    enum Kind { ROW_MAJOR, STRIDED, CLASS_AXIS }

    private static final int OFFSET = 5;
    private static final int GAP = 3;

    static Layout rowMajor(int rows, int columns) {
        return new Layout(Kind.ROW_MAJOR, rows, columns, 1);
    }

    /** From index 5 on, with 3 elements between rows and behind the last. */
    static Layout strided(int rows, int columns) {
        return new Layout(Kind.STRIDED, rows, columns, 1);
    }

    /** (rows / inner, columns, inner); inner divides rows. */
    static Layout classAxis(int rows, int columns, int inner) {
        return new Layout(Kind.CLASS_AXIS, rows, columns, inner);
    }

    /** Any layout: k is taken modulo their number. */
    static Layout of(int k, int rows, int columns) {
        int divisors = (int) IntStream.rangeClosed(1, rows).filter(d -> rows % d == 0).count();
        int kind = Math.floorMod(k, divisors + 2);
        if (kind == 0) return rowMajor(rows, columns);
        if (kind == 1) return strided(rows, columns);
        return classAxis(rows, columns, IntStream.rangeClosed(1, rows).filter(d -> rows % d == 0).skip(kind - 2).findFirst().orElseThrow());
    }

    int index(int r, int c) {
        return switch (kind) {
            case ROW_MAJOR -> r * columns + c;
            case STRIDED -> OFFSET + r * (columns + GAP) + c;
            case CLASS_AXIS -> (r / inner * columns + c) * inner + r % inner;
        };
    }

    int size() {
        return kind == Kind.STRIDED ? OFFSET + rows * (columns + GAP) : rows * columns;
    }

    Matrix matrix(float[] data) {
        return switch (kind) {
            case ROW_MAJOR -> Matrix.of(data, rows, columns);
            case STRIDED -> Matrix.of(data, OFFSET, rows, columns, columns + GAP);
            case CLASS_AXIS -> Matrix.ofClassAxis(data, rows / inner, columns, inner);
        };
    }

    /** A new array with the elements of a row-major one, and NaN, which would absorb everything if it were read, between them. */
    float[] store(float[] rowMajor) {
        float[] data = new float[size()];
        Arrays.fill(data, Float.NaN);
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) data[index(r, c)] = rowMajor[r * columns + c];
        }
        return data;
    }

    /** The elements as a new row-major array. */
    float[] load(float[] data) {
        float[] rowMajor = new float[rows * columns];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) rowMajor[r * columns + c] = data[index(r, c)];
        }
        return rowMajor;
    }

    /** Fails unless all that lies between the elements still has the NaN of {@link #store}. */
    void checkGaps(float[] data) {
        boolean[] element = new boolean[data.length];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) element[index(r, c)] = true;
        }
        for (int i = 0; i < data.length; i++) {
            if (!element[i] && !Float.isNaN(data[i])) throw new AssertionError(this + ": element " + i + " outside the view was written");
        }
    }

    @Override
    public String toString() {
        return kind.name().toLowerCase(Locale.ROOT) + " " + rows + " x " + columns + (kind == Kind.CLASS_AXIS ? " with inner " + inner : "");
    }
}
