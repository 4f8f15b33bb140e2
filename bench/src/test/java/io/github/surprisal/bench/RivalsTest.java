package io.github.surprisal.bench;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the library is compared with agrees with the reference, so that equal work is compared. */
class RivalsTest {

    // 70 is beyond two 512-bit vectors per step, so every tail of every width occurs
    private static final int LONGEST = 70;

    // One rounding to float of a double result: half an ulp, and a hair for the reference's own error.
    private static final double ROUNDED = 0.5 + 1e-6;
    // EXP is good to 1 ulp per term, float lane sums of up to 5 terms add 2 more: a relative error of the sum, which is
    // an absolute one of its logarithm, of 3 * 2^-23. The results are in [0.25, 8), where that is at most 12 ulp.
    private static final double FLOAT_SUM = 3 * 0x1p-23;

    @Test
    void logSumExpAtEveryLength() {
        float[] x = Logits.gaussian(LONGEST + 3);
        for (int offset = 0; offset < 3; offset++) {
            for (int length = 1; length <= LONGEST; length++) {
                int to = offset + length;
                double expected = Oracle.logSumExp(x, offset, to);
                String what = "seed " + Logits.SEED + ", offset " + offset + ", length " + length;
                assertTrue(Oracle.ulps(PlainLoop.logSumExp(x, offset, to), expected) <= ROUNDED, what);
                assertEquals(expected, JdkVectors.logSumExp(x, offset, to), FLOAT_SUM + Math.ulp((float) expected), what);
            }
        }
    }

    @Test
    void rowsAreIndependent() {
        float[] x = Logits.gaussian(3 * 37);
        var plain = new float[3];
        var jdk = new float[3];
        PlainLoop.logSumExpOfRows(x, 3, 37, plain);
        JdkVectors.logSumExpOfRows(x, 3, 37, jdk);
        for (int row = 0; row < 3; row++) {
            assertEquals(PlainLoop.logSumExp(x, row * 37, (row + 1) * 37), plain[row]);
            assertEquals(JdkVectors.logSumExp(x, row * 37, (row + 1) * 37), jdk[row]);
        }
    }

    @Test
    void oracleOfEqualElementsIsTheLogarithmOfTheirNumber() {
        var x = new float[1000];
        Arrays.fill(x, 3);
        assertEquals(3 + Math.log(1000), Oracle.logSumExp(x, 0, 1000), 1e-14);
    }

    @Test
    void ulpsAreThoseOfAFloat() {
        assertEquals(1, Oracle.ulps(Math.nextUp(2f), 2));
        assertEquals(Double.POSITIVE_INFINITY, Oracle.ulps(Float.NaN, 2));
    }

    // Every class count up to LONGEST, in rows that start at odd places. The checks compare every element with the
    // reference and throw beyond 1e-5; the plain loop rounds its exponential and its product to float: 2 ulp at most.
    @Test
    void lossesAndGradientsAtEveryLength() {
        int rows = 3;
        for (int columns = 1; columns <= LONGEST; columns++) {
            float[] x = Logits.gaussian(rows * columns);
            int[] targets = Logits.targets(rows, columns);
            Answers.ulpsOfLoss(PlainLoop.loss(x, rows, columns, targets), x, rows, columns, targets);
            Answers.ulpsOfLoss(JdkVectors.loss(x, rows, columns, targets), x, rows, columns, targets);

            var gradient = new float[x.length];
            Answers.ulpsOfLoss(PlainLoop.lossAndGradient(x, rows, columns, targets, gradient), x, rows, columns, targets);
            assertTrue(Answers.ulpsOfGradient(gradient, x, rows, columns, targets) <= 2, "columns " + columns);
            float[] inPlace = x.clone();
            PlainLoop.lossAndGradient(inPlace, rows, columns, targets, inPlace);
            assertArrayEquals(gradient, inPlace);

            Answers.ulpsOfLoss(JdkVectors.lossAndGradient(x, rows, columns, targets, gradient), x, rows, columns, targets);
            Answers.ulpsOfGradient(gradient, x, rows, columns, targets);
            inPlace = x.clone();
            JdkVectors.lossAndGradient(inPlace, rows, columns, targets, inPlace);
            assertArrayEquals(gradient, inPlace);
        }
    }

    @Test
    void softmaxAtEveryLength() {
        int rows = 3;
        for (int columns = 1; columns <= LONGEST; columns++) {
            float[] x = Logits.gaussian(rows * columns);
            var out = new float[x.length];
            PlainLoop.softmax(x, rows, columns, out);
            assertTrue(Answers.ulpsOfSoftmax(out, x, rows, columns) <= 2, "columns " + columns);
            JdkVectors.softmax(x, rows, columns, out);
            Answers.ulpsOfSoftmax(out, x, rows, columns);
        }
    }

    @Test
    void jdkVectorsSumLongRowsInPieces() {
        int columns = (1 << 17) + 7;
        float[] x = Logits.gaussian(columns);
        var out = new float[columns];
        JdkVectors.softmax(x, 1, columns, out);
        Answers.ulpsOfSoftmax(out, x, 1, columns);
    }

    // 1 to LONGEST neighbouring samples: whole vectors and every tail of them
    @Test
    void classAxisAtEveryInnerLength() {
        int outer = 2;
        int classes = 5;
        for (int inner = 1; inner <= LONGEST; inner++) {
            int rows = outer * inner;
            float[] rowMajor = Logits.gaussian(rows * classes);
            float[] x = ClassAxis.toMiddle(rowMajor, outer, classes, inner);
            assertArrayEquals(rowMajor, ClassAxis.toRowMajor(x, outer, classes, inner));
            int[] targets = Logits.targets(rows, classes);
            Answers.ulpsOfLoss(PlainClassAxis.loss(x, outer, classes, inner, targets), rowMajor, rows, classes, targets);
            Answers.ulpsOfLoss(JdkVectorsClassAxis.loss(x, outer, classes, inner, targets), rowMajor, rows, classes, targets);

            var gradient = new float[x.length];
            float loss = PlainClassAxis.lossAndGradient(x, outer, classes, inner, targets, gradient);
            Answers.ulpsOfLoss(loss, rowMajor, rows, classes, targets);
            Answers.ulpsOfGradient(ClassAxis.toRowMajor(gradient, outer, classes, inner), rowMajor, rows, classes, targets);
            loss = JdkVectorsClassAxis.lossAndGradient(x, outer, classes, inner, targets, gradient);
            Answers.ulpsOfLoss(loss, rowMajor, rows, classes, targets);
            Answers.ulpsOfGradient(ClassAxis.toRowMajor(gradient, outer, classes, inner), rowMajor, rows, classes, targets);
        }
    }

    @Test
    void wrongAnswersAreRefused() {
        float[] x = Logits.gaussian(2 * 7);
        int[] targets = Logits.targets(2, 7);
        var gradient = new float[x.length];
        float loss = PlainLoop.lossAndGradient(x, 2, 7, targets, gradient);
        assertThrows(IllegalStateException.class, () -> Answers.ulpsOfLoss(loss * 1.001f, x, 2, 7, targets));
        assertThrows(IllegalStateException.class, () -> Answers.ulpsOfLoss(Float.NaN, x, 2, 7, targets));
        for (int i = 0; i < x.length; i++) {
            float right = gradient[i];
            for (float wrong : new float[] {right * 1.001f, 0, Float.NaN}) {
                gradient[i] = wrong;
                assertThrows(IllegalStateException.class, () -> Answers.ulpsOfGradient(gradient, x, 2, 7, targets), "element " + i);
            }
            gradient[i] = right;
        }
        Answers.ulpsOfGradient(gradient, x, 2, 7, targets);
    }

    @Test
    void writingProbesNegate() {
        float[] x = {1, -2, 3, -4, 5};
        var copy = new float[5];
        WriteProbe.copyNegated(x, copy);
        assertArrayEquals(new float[] {-1, 2, -3, 4, -5}, copy);
        WriteProbe.negateInPlace(x);
        assertArrayEquals(copy, x);
    }

    // Integers whose partial sums are exact in float, so that no order of summing may differ: below a chunk,
    // across chunks, and a remainder that four does not divide.
    @ParameterizedTest
    @ValueSource(ints = {1, 3, 63, 1024, 16_385, 70_003, 200_001})
    void probesReadEveryElementOnce(int length) {
        var x = new float[length];
        double expected = 0;
        for (int i = 0; i < length; i++) {
            x[i] = 1 + i % 7;
            expected += x[i];
        }
        assertEquals(expected, ReadProbe.oneStream(x));
        assertEquals(expected, ReadProbe.fourStreams(x));
    }
}
