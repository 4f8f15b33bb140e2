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
