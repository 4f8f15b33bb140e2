package io.github.surprisal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** logitScale takes every finite number above 0: where the polynomial's coefficients cannot be scaled, the logits are, by a power of two. */
class LogitScaleTest {
    private static final float[] SCALES = {1.5e-38f, 1e-32f, 1e-23f, 1e-8f, 9e-4f, 0.5f, 3, 1023, 1025, 1e7f, 3e30f};

    @Test
    void lossAndGradientOfEveryScale() {
        for (float scale : SCALES) {
            CrossEntropy scaled = CrossEntropy.builder().logitScale(scale).build();
            float[] x = {(float) (1 / (double) scale), (float) (-2.5 / scale), (float) (0.3 / scale)};
            double[] exact = new double[3];
            double sum = 0;
            for (int c = 0; c < 3; c++) sum += Math.exp((double) scale * x[c]);
            for (int c = 0; c < 3; c++) exact[c] = Math.exp((double) scale * x[c]) / sum;
            float[] gradient = new float[3];
            float loss = scaled.lossAndGradient(Matrix.of(x, 1, 3), new int[] {2}, Matrix.of(gradient, 1, 3));
            double expected = Math.log(sum) - (double) scale * x[2];
            assertEquals(expected, loss, 2 * Math.ulp((float) expected), "loss, scale " + scale);
            assertEquals(loss, scaled.loss(Matrix.of(x, 1, 3), new long[] {2}), "without gradient, scale " + scale);
            for (int c = 0; c < 3; c++) {
                float slope = (float) ((exact[c] - (c == 2 ? 1 : 0)) * scale);
                assertEquals(slope, gradient[c], 4 * Math.ulp(Math.abs(slope)), "gradient of " + c + ", scale " + scale); // 4 ulp is the contract
            }
        }
    }

    @Test
    void subnormalScale() {
        float scale = 1e-42f; // the largest logits become 3.4e-4
        float[] x = {Float.MAX_VALUE, 0, -Float.MAX_VALUE};
        double exact = Math.log(Math.exp((double) scale * x[0]) + 1 + Math.exp((double) scale * x[2])) - (double) scale * x[0];
        float loss = CrossEntropy.builder().logitScale(scale).build().loss(Matrix.of(x, 1, 3), new int[] {0});
        assertEquals(exact, loss, 2 * Math.ulp((float) exact));
    }

    @Test
    void equalAndMaskedLogitsOfEveryScale() {
        for (float scale : SCALES) {
            CrossEntropy scaled = CrossEntropy.builder().logitScale(scale).build();
            assertEquals((float) Math.log(3), scaled.loss(Matrix.of(new float[3], 1, 3), new int[] {0}), "zeros, scale " + scale);
            float[] masked = {Float.NEGATIVE_INFINITY, 0, 0, -Float.MAX_VALUE};
            float[] gradient = new float[4];
            scaled.lossAndGradient(Matrix.of(masked, 1, 4), new int[] {1}, Matrix.of(gradient, 1, 4));
            if (scale > 1e-30f) assertArrayEquals(new float[] {0, -scale / 2, scale / 2, 0}, gradient, 4 * Math.ulp(scale), "scale " + scale);
        }
    }
}
