package io.github.surprisal;

import static io.github.surprisal.Thrown.illegal;
import static io.github.surprisal.Thrown.isNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** The error table for BinaryCrossEntropy. */
class BinaryCrossEntropyValidationTest {
    private static final int ROWS = Views.ROWS;
    private static final int COLUMNS = Views.COLUMNS;
    private static final BinaryCrossEntropy LOSS = BinaryCrossEntropy.builder().build();

    /** What calls write to, which must stay as it is when they throw. */
    private final float[] sentinels = new float[ROWS * COLUMNS];
    private final Matrix out = Matrix.of(sentinels, ROWS, COLUMNS);

    private static Matrix matrix() {
        return matrix(ROWS, COLUMNS);
    }

    private static Matrix matrix(int rows, int columns) {
        return Matrix.of(new float[rows * columns], rows, columns);
    }

    private void illegalAndUntouched(Executable call, Object... parts) {
        Arrays.fill(sentinels, -12345.5f);
        float[] before = sentinels.clone();
        illegal(call, parts);
        assertArrayEquals(before, sentinels);
    }

    @Test
    void nullArguments() {
        isNull("logits", () -> LOSS.loss(null, matrix()));
        isNull("targets", () -> LOSS.loss(matrix(), null));
        isNull("logits", () -> LOSS.losses(null, matrix(), matrix()));
        isNull("targets", () -> LOSS.losses(matrix(), null, matrix()));
        isNull("losses", () -> LOSS.losses(matrix(), matrix(), null));
        isNull("logits", () -> LOSS.lossAndGradient(null, matrix(), matrix()));
        isNull("targets", () -> LOSS.lossAndGradient(matrix(), null, matrix()));
        isNull("gradient", () -> LOSS.lossAndGradient(matrix(), matrix(), null));
        isNull("weights", () -> BinaryCrossEntropy.builder().weights((float[]) null));
        isNull("weights", () -> BinaryCrossEntropy.builder().positiveWeights((float[]) null));
        isNull("reduction", () -> BinaryCrossEntropy.builder().reduction(null));
    }

    @Test
    void shapes() {
        for (int[] shape : new int[][] {{ROWS + 1, COLUMNS}, {ROWS - 1, COLUMNS}, {COLUMNS, ROWS}, {2, 6}, {0, COLUMNS}, {ROWS, 0}, {ROWS, 17}}) {
            Matrix other = matrix(shape[0], shape[1]);
            Object[] numbers = shape[0] == ROWS ? new Object[] {COLUMNS, shape[1]} : new Object[] {ROWS, shape[0]};
            illegal(() -> LOSS.loss(matrix(), other), numbers);
            illegalAndUntouched(() -> LOSS.losses(matrix(), other, out), numbers);
            illegalAndUntouched(() -> LOSS.lossAndGradient(matrix(), other, out), numbers);
            illegal(() -> LOSS.losses(matrix(), matrix(), other), numbers);
            illegal(() -> LOSS.lossAndGradient(matrix(), matrix(), other), numbers);
        }
    }

    @Test
    void weightsOfTheWrongLength() {
        for (int length : new int[] {0, 1, COLUMNS - 1, COLUMNS + 1, 100}) {
            BinaryCrossEntropy positive = BinaryCrossEntropy.builder().positiveWeights(new float[length]).build();
            BinaryCrossEntropy weighted = BinaryCrossEntropy.builder().weights(new float[length]).build();
            illegal(() -> positive.loss(matrix(), matrix()), COLUMNS, length);
            illegal(() -> weighted.loss(matrix(), matrix()), ROWS * COLUMNS, length);
            illegalAndUntouched(() -> positive.losses(matrix(), matrix(), out), COLUMNS, length);
            illegalAndUntouched(() -> weighted.losses(matrix(), matrix(), out), ROWS * COLUMNS, length);
            illegalAndUntouched(() -> positive.lossAndGradient(matrix(), matrix(), out), COLUMNS, length);
            illegalAndUntouched(() -> weighted.lossAndGradient(matrix(), matrix(), out), ROWS * COLUMNS, length);
        }
    }

    @Test
    void weightsOutOfRange() {
        for (float bad : new float[] {-1, -Float.MIN_VALUE, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN}) {
            illegal(() -> BinaryCrossEntropy.builder().weights(1, bad), Float.toString(bad), 0);
            illegal(() -> BinaryCrossEntropy.builder().positiveWeights(1, bad), Float.toString(bad), 0);
        }
    }

    @Test
    void weightsAreCopied() {
        float[] weights = {1, 2, 3};
        BinaryCrossEntropy loss = BinaryCrossEntropy.builder().positiveWeights(weights).build();
        float before = loss.loss(matrix(), matrix());
        Arrays.fill(weights, Float.NaN);
        assertEquals(before, loss.loss(matrix(), matrix()));
    }

    @Test
    void overlap() {
        for (Views v : Views.all()) {
            v.check("logits", "losses", () -> LOSS.losses(v.input(), matrix(), v.output()));
            v.check("logits", "gradient", () -> LOSS.lossAndGradient(v.input(), matrix(), v.output()));
        }
        for (Views v : Views.allOfAnotherInput()) {
            v.check("targets", "losses", () -> LOSS.losses(matrix(), v.input(), v.output()));
            v.check("targets", "gradient", () -> LOSS.lossAndGradient(matrix(), v.input(), v.output()));
        }
    }
}
