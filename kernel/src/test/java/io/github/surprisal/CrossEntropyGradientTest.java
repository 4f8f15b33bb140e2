package io.github.surprisal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.surprisal.oracle.CrossEntropyReference;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Losses and gradients of random configurations, against a plain computation in double and its central differences. */
class CrossEntropyGradientTest {
    private static final int CONFIGURATIONS = 500;
    private static final int MAX_ROWS = 6;
    private static final int MAX_COLUMNS = 12;

    @Test
    void gradientIsTheDerivativeOfTheLoss() {
        for (int seed = 0; seed < CONFIGURATIONS; seed++) {
            RandomCall call = new RandomCall(seed, MAX_ROWS, MAX_COLUMNS);
            float[] x = call.layout.store(call.logits);
            float[] gradient = call.gradientLayout.store(new float[call.logits.length]);
            call.lossAndGradient(call.builder().build(), call.layout.matrix(x), call.gradientLayout.matrix(gradient));
            assertArrayEquals(call.layout.store(call.logits), x, () -> "the logits were written, " + call);
            call.gradientLayout.checkGaps(gradient);
            checkGradient(call, call.gradientLayout.load(gradient));
        }
    }

    /**
     * Tolerance: 1e-6 relative and 2e-7 of the largest element there could be, as for the gradients of the torch cases. The
     * difference's own error is below 1e-9: 2^-40 / 30 of the fifth derivative, and some 1e-16 of the loss divided by 2^-10.
     * softcap rounds logits to float, by one ulp of the cap at most; p_j then moves by up to twice that.
     */
    private static void checkGradient(RandomCall call, float[] actual) {
        double denominator = call.denominator();
        double[] expected = new double[actual.length];
        for (int r = 0; r < call.rows; r++) {
            if (!call.isKept(r)) continue;
            double[] row = row(call, r);
            double[] coefficients = coefficients(call, r);
            for (int c = 0; c < call.columns; c++) expected[r * call.columns + c] = reference(call).slope(row, coefficients, c) / denominator;
        }
        double largest = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
        double cap = call.softcap > 0 ? 2 * Math.ulp(call.softcap) : 0;
        for (int i = 0; i < actual.length; i++) {
            String what = "gradient at row " + i / call.columns + ", column " + i % call.columns + ", " + call;
            if (!call.isKept(i / call.columns)) {
                assertEquals(0f, actual[i], 0f, what);
            } else if (denominator == 0) {
                assertEquals(Float.NaN, actual[i], what);
            } else {
                assertEquals(expected[i], actual[i], 1e-6 * Math.abs(expected[i]) + (2e-7 + cap) * Math.max(largest, 1 / denominator), what);
            }
        }
    }

    /**
     * Tolerance: 5e-7 relative, as for the torch cases, and 1e-14 for the reference, which cancels. zLoss lets the 2e-7 of a
     * log-sum-exp through, softcap an ulp of the cap on every logit.
     */
    @Test
    void lossesAreThoseOfTheDefinition() {
        for (int seed = 0; seed < CONFIGURATIONS; seed++) {
            RandomCall call = new RandomCall(seed, MAX_ROWS, MAX_COLUMNS);
            float[] losses = call.losses(call.builder().build(), call.layout.matrix(call.layout.store(call.logits)));
            for (int r = 0; r < call.rows; r++) {
                String what = "loss of row " + r + ", " + call;
                if (!call.isKept(r)) {
                    assertEquals(0f, losses[r], 0f, what);
                    continue;
                }
                CrossEntropyReference reference = reference(call);
                double expected = reference.loss(row(call, r), coefficients(call, r));
                double sensitivity = reference.sensitivity(row(call, r), coefficients(call, r));
                double lse = call.zLoss > 0 ? 2e-7 * sensitivity : 0;
                double cap = call.softcap > 0 ? Math.ulp(call.softcap) * sensitivity : 0;
                assertEquals(expected, losses[r], 5e-7 * expected + 1e-14 + lse + cap, what);
            }
        }
    }

    /**
     * Tolerance: 1.5 ulp. The reduction adds unrounded losses: each of the rounded ones here is off by half an ulp of itself,
     * all of them by one ulp of their sum at most, and the result is rounded once more.
     */
    @Test
    void lossIsTheReductionOfTheLosses() {
        for (int seed = 0; seed < CONFIGURATIONS; seed++) {
            RandomCall call = new RandomCall(seed, 40 * MAX_ROWS, MAX_COLUMNS);
            Matrix x = call.layout.matrix(call.layout.store(call.logits));
            double sum = 0;
            for (float loss : call.losses(call.builder().build(), x)) sum += loss;
            double denominator = call.denominator();
            float loss = call.loss(call.builder().build(), x);
            if (denominator == 0) {
                assertEquals(Float.NaN, loss, call::toString);
            } else {
                assertEquals(sum / denominator, loss, 1.5 * Math.ulp(loss), call::toString);
            }
        }
    }

    @Test
    void sameBitsInPlaceAndWithoutGradient() {
        for (int seed = 0; seed < CONFIGURATIONS; seed++) {
            RandomCall call = new RandomCall(seed, 4 * MAX_ROWS, 10 * MAX_COLUMNS);
            CrossEntropy crossEntropy = call.builder().build();
            float[] x = call.layout.store(call.logits);
            float loss = call.loss(crossEntropy, call.layout.matrix(x));
            float[] gradient = call.gradientLayout.store(new float[call.logits.length]);
            assertBits(loss, call.lossAndGradient(crossEntropy, call.layout.matrix(x), call.gradientLayout.matrix(gradient)), "loss with gradient, " + call);

            assertBits(loss, call.lossAndGradient(crossEntropy, call.layout.matrix(x), call.layout.matrix(x)), "loss in place, " + call);
            call.layout.checkGaps(x);
            float[] expected = call.gradientLayout.load(gradient);
            float[] actual = call.layout.load(x);
            for (int i = 0; i < expected.length; i++) assertBits(expected[i], actual[i], "gradient in place at " + i + ", " + call);
        }
    }

    private static void assertBits(float expected, float actual, String what) {
        assertEquals(Float.floatToRawIntBits(expected), Float.floatToRawIntBits(actual), () -> what + ": expected " + expected + ", was " + actual);
    }

    private static CrossEntropyReference reference(RandomCall call) {
        return new CrossEntropyReference(call.weights, call.smoothing, call.zLoss, call.softcap, call.logitScale);
    }

    private static double[] row(RandomCall call, int r) {
        double[] row = new double[call.columns];
        for (int c = 0; c < row.length; c++) row[c] = call.logits[r * row.length + c];
        return row;
    }

    private static double[] coefficients(RandomCall call, int r) {
        if (call.targets != null) return reference(call).coefficients(call.targets[r], call.columns);
        return reference(call).coefficients(Arrays.copyOfRange(call.probabilities, r * call.columns, (r + 1) * call.columns));
    }

    /** Of the logits' rows, one behind the other, a batch begins and ends anywhere within one index of the other's outer size. */
    @Test
    void outputsWithTheClassAxisInTheMiddleOfManyRows() {
        int outer = 30;
        int inner = 37;
        int rows = outer * inner;
        for (int columns : new int[] {1, 2, 10, 20, 64}) {
            float[] x = new float[rows * columns];
            for (int i = 0; i < x.length; i++) x[i] = i * 37 % 101 * 0.1f;
            int[] targets = new int[rows];
            for (int r = 0; r < rows; r++) targets[r] = r % columns;
            Matrix logits = Matrix.of(x, rows, columns);
            float[][] behind = new float[2][x.length];
            float[][] middle = new float[2][x.length];
            CrossEntropy.withDefaults().lossAndGradient(logits, targets, Matrix.of(behind[0], rows, columns));
            CrossEntropy.withDefaults().lossAndGradient(logits, targets, Matrix.ofClassAxis(middle[0], outer, columns, inner));
            Softmax.softmax(logits, Matrix.of(behind[1], rows, columns));
            Softmax.softmax(logits, Matrix.ofClassAxis(middle[1], outer, columns, inner));
            for (int i = 0; i < 2; i++) {
                for (int r = 0; r < rows; r++) {
                    for (int c = 0; c < columns; c++) {
                        float actual = middle[i][(r / inner * columns + c) * inner + r % inner];
                        assertEquals(behind[i][r * columns + c], actual, (i == 0 ? "gradient" : "softmax") + " at " + r + ", " + c + " of " + columns);
                    }
                }
            }
        }
    }
}
