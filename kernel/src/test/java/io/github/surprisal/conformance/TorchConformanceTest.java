package io.github.surprisal.conformance;

import static io.github.surprisal.conformance.Suite.assertNear;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.surprisal.BinaryCrossEntropy;
import io.github.surprisal.CrossEntropy;
import io.github.surprisal.LogSumExp;
import io.github.surprisal.Matrix;
import io.github.surprisal.Reduction;
import io.github.surprisal.Softmax;
import io.github.surprisal.conformance.Suite.Case;
import io.github.surprisal.conformance.Suite.Tensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/**
 * What PyTorch computes in float64 from the same float32 inputs.
 *
 * <p>Tolerances. Losses: 5e-7 relative, which are the 4 ulp that a loss of two roundings may be off, and 1e-14 for float64's own
 * rounding where torch cancels. Gradients: 1e-6 relative, and 2e-7 of the largest element that the case could have, because
 * p_j a - b_j cancels. Log-sum-exp and log-softmax add the absolute part of their error bounds, 2e-7 and 2^-24.
 */
class TorchConformanceTest {
    private static final double RELATIVE = 5e-7;
    private static final double ROUNDING_OF_FLOAT64 = 1e-14;
    private static final Set<String> OPTIONS = Set.of("name", "op", "kind", "reduction", "label_smoothing", "ignore_index", "probabilities",
            "z_loss", "softcap", "logit_scale", "loss", "torch_float32_loss", "files");

    private static final Suite SUITE = Suite.read("torch");

    static List<Case> cases() {
        return SUITE.cases();
    }

    @Test
    void everyCaseIsThere() {
        Map<String, Long> counts = cases().stream().collect(Collectors.groupingBy(Case::operator, Collectors.counting()));
        assertEquals(Map.of("cross_entropy", 24L, "cross_entropy_llm", 12L, "bce_with_logits", 6L, "logsumexp", 15L, "softmax", 14L, "log_softmax", 14L), counts);
        assertEquals(85, cases().size());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void conforms(Case c) {
        assertTrue(OPTIONS.containsAll(c.options().propertyNames()), () -> "an option is not known here: " + c.options());
        Map<String, Tensor> arrays = new HashMap<>();
        for (JsonNode file : c.options().required("files")) arrays.put(file.required("role").stringValue(), c.tensor(file));
        switch (c.operator()) {
            case "cross_entropy", "cross_entropy_llm" -> crossEntropy(c.options(), arrays);
            case "bce_with_logits" -> binaryCrossEntropy(c.options(), arrays);
            case "logsumexp", "softmax", "log_softmax" -> normalizer(c.operator(), arrays.get("logits"), arrays.get("expected").values());
            default -> throw new AssertionError("unknown operator " + c.operator());
        }
    }

    private static void crossEntropy(JsonNode options, Map<String, Tensor> arrays) {
        Tensor input = arrays.get("logits");
        Tensor targets = arrays.get("targets");
        Tensor weights = arrays.get("weights");
        Reduction reduction = reduction(options);
        CrossEntropy.Builder builder = CrossEntropy.builder()
                .reduction(reduction)
                .ignoreIndex(options.required("ignore_index").intValue())
                .labelSmoothing((float) options.required("label_smoothing").doubleValue());
        if (weights != null) builder.classWeights(weights.floats());
        if (positive(options, "z_loss")) builder.zLoss((float) options.required("z_loss").doubleValue());
        if (positive(options, "softcap")) builder.softcap((float) options.required("softcap").doubleValue());
        if (positive(options, "logit_scale")) builder.logitScale((float) options.required("logit_scale").doubleValue());
        CrossEntropy crossEntropy = builder.build();

        Matrix logits = input.matrix(input.floats(), 1);
        boolean probabilities = options.path("probabilities").booleanValue(false);
        float[] losses = new float[logits.rows()];
        float[] gradient = new float[input.values().length];
        Matrix gradientMatrix = input.matrix(gradient, 1);
        float loss;
        float fusedLoss;
        if (probabilities) {
            Matrix distribution = targets.matrix(targets.floats(), 1);
            loss = crossEntropy.loss(logits, distribution);
            crossEntropy.losses(logits, distribution, losses);
            fusedLoss = crossEntropy.lossAndGradient(logits, distribution, gradientMatrix);
        } else {
            loss = crossEntropy.loss(logits, targets.longs());
            crossEntropy.losses(logits, targets.longs(), losses);
            fusedLoss = crossEntropy.lossAndGradient(logits, targets.longs(), gradientMatrix);

            float[] again = new float[losses.length];
            assertEquals(loss, crossEntropy.loss(logits, targets.ints()), "loss from int[] targets");
            crossEntropy.losses(logits, targets.ints(), again);
            assertArrayEquals(losses, again, "losses from int[] targets");
            float[] gradientAgain = new float[gradient.length];
            assertEquals(loss, crossEntropy.lossAndGradient(logits, targets.ints(), input.matrix(gradientAgain, 1)), "loss with gradient from int[] targets");
            assertArrayEquals(gradient, gradientAgain, "gradient from int[] targets");
        }
        assertEquals(loss, fusedLoss, "loss with and without gradient");
        assertLoss(options.required("loss").doubleValue(), loss, "loss");
        double[] expected = arrays.get("losses").values();
        for (int r = 0; r < expected.length; r++) assertLoss(expected[r], losses[r], "loss of row " + r);
        double denominator = probabilities ? logits.rows() : keptWeight(targets.ints(), options.required("ignore_index").intValue(), weights);
        assertGradient(arrays.get("gradient").values(), gradient, reduction == Reduction.SUM ? 1 : denominator);
    }

    private static void binaryCrossEntropy(JsonNode options, Map<String, Tensor> arrays) {
        Tensor input = arrays.get("logits");
        Reduction reduction = reduction(options);
        BinaryCrossEntropy.Builder builder = BinaryCrossEntropy.builder().reduction(reduction);
        if (arrays.containsKey("weights")) builder.weights(arrays.get("weights").floats());
        if (arrays.containsKey("pos_weights")) builder.positiveWeights(arrays.get("pos_weights").floats());
        BinaryCrossEntropy crossEntropy = builder.build();

        Matrix logits = input.matrix(input.floats(), 1);
        Matrix targets = input.matrix(arrays.get("targets").floats(), 1);
        float[] gradient = new float[input.values().length];
        float loss = crossEntropy.loss(logits, targets);
        assertEquals(loss, crossEntropy.lossAndGradient(logits, targets, input.matrix(gradient, 1)), "loss with and without gradient");
        assertLoss(options.required("loss").doubleValue(), loss, "loss");
        assertGradient(arrays.get("gradient").values(), gradient, reduction == Reduction.SUM ? 1 : gradient.length);
    }

    private static void normalizer(String operator, Tensor input, double[] expected) {
        Matrix x = input.matrix(input.floats(), 1);
        float[] actual = new float[expected.length];
        double absolute;
        switch (operator) {
            case "logsumexp" -> {
                LogSumExp.ofRows(x, actual);
                absolute = 2e-7;
            }
            case "softmax" -> {
                Softmax.softmax(x, input.matrix(actual, 1));
                absolute = ROUNDING_OF_FLOAT64; // and for subnormal results, which may be 0
            }
            default -> {
                Softmax.logSoftmax(x, input.matrix(actual, 1));
                absolute = 0x1p-24;
            }
        }
        for (int i = 0; i < expected.length; i++) {
            assertNear(expected[i], actual[i], RELATIVE * Math.abs(expected[i]) + absolute, operator + " at " + i);
        }
    }

    private static void assertLoss(double expected, float actual, String what) {
        assertNear(expected, actual, RELATIVE * Math.abs(expected) + ROUNDING_OF_FLOAT64, what);
    }

    private static void assertGradient(double[] expected, float[] actual, double denominator) {
        double largest = Arrays.stream(expected).map(Math::abs).max().orElse(0);
        double absolute = 2e-7 * Math.max(largest, 1 / denominator);
        for (int i = 0; i < expected.length; i++) assertNear(expected[i], actual[i], 1e-6 * Math.abs(expected[i]) + absolute, "gradient at " + i);
    }

    private static double keptWeight(int[] targets, int ignoreIndex, Tensor weights) {
        return Arrays.stream(targets).filter(y -> y != ignoreIndex).mapToDouble(y -> weights == null ? 1 : weights.values()[y]).sum();
    }

    private static Reduction reduction(JsonNode options) {
        return switch (options.required("reduction").stringValue()) {
            case "mean" -> Reduction.MEAN;
            case "sum" -> Reduction.SUM;
            default -> throw new AssertionError("unknown reduction in " + options);
        };
    }

    private static boolean positive(JsonNode options, String name) {
        return options.path(name).doubleValue(0) > 0;
    }
}
