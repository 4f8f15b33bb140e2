package io.github.surprisal.bench;

import java.util.Arrays;

/** The size of a benchmark's data, written as its {@code shape} parameter is: {@code 64x1024}, outermost first. */
record Shape(String text) {

    private static final String SEPARATOR = "x";

    int rows() {
        return dimension(0);
    }

    /** The second dimension, the columns of a matrix. */
    int columns() {
        return dimension(1);
    }

    int dimension(int index) {
        return dimensions()[index];
    }

    /** A few rows for {@link Trial#prepare}; more of them where they are short. */
    int warmUpRows() {
        return Math.min(rows(), Math.max(4, 4096 / columns()));
    }

    /** With the same remainder at every vector width, so that the loop for the tail is compiled too. */
    int warmUpColumns() {
        return Math.min(columns(), 1024 + columns() % 64);
    }

    /** How many elements one operation handles. */
    int elements() {
        return Arrays.stream(dimensions()).reduce(1, Math::multiplyExact);
    }

    private int[] dimensions() {
        return Arrays.stream(text.split(SEPARATOR)).mapToInt(Integer::parseInt).toArray();
    }

    @Override
    public String toString() {
        return String.join(" x ", text.split(SEPARATOR));
    }
}
