package io.github.surprisal;

import static io.github.surprisal.Thrown.illegal;
import static io.github.surprisal.Thrown.isNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import org.junit.jupiter.api.Test;

/** The error table for Softmax. */
class SoftmaxValidationTest {
    private static Matrix matrix(int rows, int columns) {
        return Matrix.of(new float[rows * columns], rows, columns);
    }

    @Test
    void nullArguments() {
        Matrix x = matrix(4, 3);
        float[] row = new float[4];
        isNull("x", () -> Softmax.softmax((float[]) null, row));
        isNull("x", () -> Softmax.logSoftmax((float[]) null, row));
        isNull("x", () -> Softmax.softmax((Matrix) null, x));
        isNull("x", () -> Softmax.logSoftmax((Matrix) null, x));
        isNull("x", () -> Softmax.softmax(null, x, Execution.serial()));
        isNull("out", () -> Softmax.softmax(row, null));
        isNull("out", () -> Softmax.logSoftmax(row, null));
        isNull("out", () -> Softmax.softmax(x, null));
        isNull("out", () -> Softmax.logSoftmax(x, null));
        isNull("out", () -> Softmax.logSoftmax(x, null, Execution.serial()));
        isNull("execution", () -> Softmax.softmax(x, x, null));
        isNull("execution", () -> Softmax.logSoftmax(x, x, null));
    }

    @Test
    void lengthsAndShapes() {
        float[] row = {1, 2, 3, 4};
        for (int length : new int[] {0, 3, 5, 100}) {
            illegal(() -> Softmax.softmax(row, new float[length]), 4, length);
            illegal(() -> Softmax.logSoftmax(row, new float[length]), 4, length);
        }
        for (int[] shape : new int[][] {{5, 3}, {3, 3}, {3, 4}, {2, 6}, {0, 3}, {4, 0}, {4, 17}}) {
            Matrix out = matrix(shape[0], shape[1]);
            Object[] numbers = shape[0] == 4 ? new Object[] {3, shape[1]} : new Object[] {4, shape[0]};
            illegal(() -> Softmax.softmax(matrix(4, 3), out), numbers);
            illegal(() -> Softmax.logSoftmax(matrix(4, 3), out), numbers);
            illegal(() -> Softmax.softmax(matrix(4, 3), out, Execution.parallel()), numbers);
        }
    }

    @Test
    void overlap() {
        for (Views v : Views.all()) {
            v.check("x", "out", () -> Softmax.softmax(v.input(), v.output()));
            v.check("x", "out", () -> Softmax.logSoftmax(v.input(), v.output()));
            v.check("x", "out", () -> Softmax.softmax(v.input(), v.output(), Execution.parallel()));
            v.check("x", "out", () -> Softmax.logSoftmax(v.input(), v.output(), Execution.parallel()));
        }
    }

    @Test
    void nothing() {
        Softmax.softmax(new float[0], new float[0]);
        Softmax.logSoftmax(new float[0], new float[0]);
        for (int[] shape : new int[][] {{0, 0}, {0, 3}, {4, 0}}) {
            Softmax.softmax(matrix(shape[0], shape[1]), matrix(shape[0], shape[1]));
            Softmax.logSoftmax(matrix(shape[0], shape[1]), matrix(shape[0], shape[1]));
        }
        float[] guard = {7, 7};
        Softmax.softmax(Matrix.of(guard, 1, 1, 0, 1), Matrix.of(guard, 1, 1, 0, 1));
        assertArrayEquals(new float[] {7, 7}, guard);
    }

    /** One row is the same in place whatever its stride. */
    @Test
    void oneRowInPlaceWithAnotherStride() {
        float[] x = {0, 0};
        Softmax.softmax(Matrix.of(x, 0, 1, 2, 2), Matrix.of(x, 0, 1, 2, 5));
        assertArrayEquals(new float[] {0.5f, 0.5f}, x);
    }
}
