package io.github.surprisal.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.surprisal.CrossEntropy;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Trains {@link SoftmaxRegression} on handwritten digits and follows the loss curve that PyTorch 2.13 computes in float64.
 *
 * <p>Tolerance: 1e-5. Sums of 1500 floats are off by some 1e-6 of themselves at every step, and descent on a convex loss does not
 * add these errors up: 5e-8 is what was seen.
 */
class DigitsTest {
    private static final int PIXELS = 64;
    private static final int DIGITS = 10;
    private static final int TRAINING_ROWS = 1500;
    private static final int STEPS = 501;
    private static final float RATE = 0.5f;
    private static final double TOLERANCE = 1e-5;

    /** Mean cross-entropy of the training rows before a step. */
    private static final Map<Integer, Double> TORCH = new TreeMap<>(Map.of(
            0, 2.3025850929940463,
            1, 2.2030286408721738,
            2, 2.1088292168371385,
            5, 1.8555038250150033,
            10, 1.520521634582368,
            50, 0.6025661141529951,
            100, 0.37946052329316965,
            200, 0.24684572552124828,
            500, 0.14668292525761528));
    private static final double TORCH_TEST_LOSS = 0.3886647991332494;
    private static final int TORCH_CORRECT = 266;

    @Test
    void lossFollowsTorch() throws IOException {
        List<String> lines = lines();
        int rows = lines.size();
        assertEquals(1797, rows);
        float[] pixels = new float[rows * PIXELS];
        int[] labels = new int[rows];
        for (int r = 0; r < rows; r++) {
            String[] cells = lines.get(r).split(",");
            for (int p = 0; p < PIXELS; p++) pixels[r * PIXELS + p] = Float.parseFloat(cells[p]) / 16;
            labels[r] = Integer.parseInt(cells[PIXELS]);
        }
        float[] trainingPixels = Arrays.copyOf(pixels, TRAINING_ROWS * PIXELS);
        int[] trainingLabels = Arrays.copyOf(labels, TRAINING_ROWS);

        SoftmaxRegression model = new SoftmaxRegression(PIXELS, DIGITS);
        int compared = 0;
        for (int step = 0; step < STEPS; step++) {
            float loss = model.step(trainingPixels, trainingLabels, RATE);
            Double expected = TORCH.get(step);
            if (expected != null) {
                assertEquals(expected, loss, TOLERANCE, "loss before step " + step);
                compared++;
            }
        }
        assertEquals(TORCH.size(), compared);

        CrossEntropy.Totals test = model.evaluate(
                Arrays.copyOfRange(pixels, TRAINING_ROWS * PIXELS, pixels.length), Arrays.copyOfRange(labels, TRAINING_ROWS, rows));
        assertEquals(TORCH_TEST_LOSS, test.mean(), TOLERANCE, "loss of the test rows");
        assertEquals(297, test.kept());
        assertEquals(TORCH_CORRECT, test.correct());
    }

    private static List<String> lines() throws IOException {
        InputStream stream = Objects.requireNonNull(DigitsTest.class.getResourceAsStream("/digits/digits.csv"), "the test resource digits/digits.csv");
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.US_ASCII))) {
            return reader.lines().toList();
        }
    }
}
