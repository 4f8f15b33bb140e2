package io.github.surprisal.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** As {@link SameBitsTest}, of binary cross-entropy. */
class SameBinaryRowsTest {
    private static final long SEED = 20261127;

    @Test
    void lossesAndGradientsOfSpecialValuesToo() {
        RowKernel simd = KernelPair.simd();
        float[] special = {Float.NaN, Float.intBitsToFloat(0xFFC00000), Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, -0f, 0, 3e38f, 800, -800, 1e-40f};
        SplittableRandom random = new SplittableRandom(SEED);
        for (int turn = 0; turn < 400; turn++) {
            int rows = random.nextInt(1, 30);
            int columns = random.nextInt(1, turn % 10 == 0 ? 1200 : 60);
            int n = rows * columns;
            float[] logits = new float[n];
            float[] targets = new float[n];
            for (int i = 0; i < n; i++) {
                logits[i] = turn % 2 == 0 && random.nextInt(50) == 0 ? special[random.nextInt(special.length)] : (float) random.nextGaussian() * 9;
                targets[i] = random.nextInt(3) == 0 ? random.nextInt(2) : (float) random.nextDouble();
            }
            Rows x = new Rows(logits, 0, rows, columns, columns, 1);
            Rows y = new Rows(targets, 0, rows, columns, columns, 1);
            String what = rows + " x " + columns + ", turn " + turn + ", seed " + SEED;
            float[][] expected = new float[2][n];
            float[][] actual = new float[2][n];
            double expectedSum = run(KernelPair.SCALAR, x, y, expected);
            double actualSum = run(simd, x, y, actual);
            KernelPair.assertSame(expected[0], actual[0], () -> "losses of " + what);
            KernelPair.assertSame(expected[1], actual[1], () -> "gradients of " + what);
            assertEquals(expectedSum, actualSum, () -> "sum of " + what); // bits, but that any NaN equals any other
        }
    }

    private static double run(RowKernel kernel, Rows x, Rows y, float[][] results) {
        Rows losses = new Rows(results[0], 0, x.rows(), x.columns(), x.columns(), 1);
        Rows gradient = new Rows(results[1], 0, x.rows(), x.columns(), x.columns(), 1);
        BinaryRows binary = BinaryRows.ofThread().start(x, y, null, null, losses, gradient, 0.7);
        double sum = binary.sum(kernel, 0, x.rows());
        binary.clear();
        return sum;
    }
}
