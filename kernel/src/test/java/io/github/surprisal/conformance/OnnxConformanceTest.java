package io.github.surprisal.conformance;

import static io.github.surprisal.conformance.Suite.assertNear;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.surprisal.CrossEntropy;
import io.github.surprisal.LogSumExp;
import io.github.surprisal.Matrix;
import io.github.surprisal.NegativeLogLikelihood;
import io.github.surprisal.Reduction;
import io.github.surprisal.Softmax;
import io.github.surprisal.conformance.Suite.Case;
import io.github.surprisal.conformance.Suite.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/**
 * The ONNX project's own operator tests, twice: at the tolerances that they state, and, because those are a thousand times looser
 * than the library, within 2e-6 relative of the operator computed here in double. Where a result cancels, the library's absolute
 * bound is added: 2e-7 for log-sum-exp, 2^-24 for log-softmax.
 */
class OnnxConformanceTest {
    private static final double RELATIVE = 2e-6;

    private static final Suite SUITE = Suite.read("onnx");

    static List<Case> cases() {
        return SUITE.cases();
    }

    @Test
    void everyCaseIsThere() {
        Map<String, Long> counts = cases().stream().collect(Collectors.groupingBy(Case::operator, Collectors.counting()));
        assertEquals(Map.of("SoftmaxCrossEntropyLoss", 34L, "NegativeLogLikelihoodLoss", 18L, "Softmax", 7L, "LogSoftmax", 7L, "ReduceLogSumExp", 9L), counts);
        assertEquals(75, cases().size());
    }

    @ParameterizedTest
    @MethodSource("cases")
    void conforms(Case c) {
        List<Tensor> inputs = c.options().required("inputs").valueStream().map(c::tensor).toList();
        List<Tensor> outputs = c.options().required("outputs").valueStream().map(c::tensor).toList();
        JsonNode attributes = c.options().required("attrs");
        switch (c.operator()) {
            case "SoftmaxCrossEntropyLoss" -> {
                check(c, outputs.get(0), softmaxCrossEntropy(inputs, attributes), loss(logSoftmax(inputs.get(0).rows(1)), inputs, attributes), 0);
                if (outputs.size() > 1) check(c, outputs.get(1), softmax(inputs.get(0), 1, true), flat(logSoftmax(inputs.get(0).rows(1)), outputs.get(1), 1), 0x1p-24);
            }
            case "NegativeLogLikelihoodLoss" ->
                check(c, outputs.get(0), negativeLogLikelihood(inputs, attributes), loss(inputs.get(0).rows(1), inputs, attributes), 0);
            case "Softmax", "LogSoftmax" -> {
                boolean log = c.operator().equals("LogSoftmax");
                Tensor x = inputs.get(0);
                int axis = Math.floorMod(attributes.path("axis").intValue(-1), x.shape().length);
                double[][] expected = logSoftmax(x.rows(axis));
                if (!log) for (double[] row : expected) Arrays.setAll(row, j -> Math.exp(row[j]));
                check(c, outputs.get(0), softmax(x, axis, log), flat(expected, x, axis), log ? 0x1p-24 : 0);
            }
            case "ReduceLogSumExp" -> {
                // Some come in double: the library is given them as float, and so is the computation here.
                Tensor x = new Tensor(inputs.get(0).shape(), widened(inputs.get(0).floats()));
                int[] axes = inputs.get(1).ints();
                if (axes.length == 0) {
                    check(c, outputs.get(0), new float[] {LogSumExp.of(x.floats())}, new double[] {logSumExp(x.values())}, 2e-7);
                } else {
                    int axis = Math.floorMod(axes[0], x.shape().length);
                    assertEquals(1, axes.length);
                    double[] expected = Arrays.stream(x.rows(axis)).mapToDouble(OnnxConformanceTest::logSumExp).toArray();
                    float[] actual = new float[expected.length];
                    LogSumExp.ofRows(x.matrix(x.floats(), axis), actual);
                    check(c, outputs.get(0), actual, expected, 2e-7);
                }
            }
            default -> throw new AssertionError("unknown operator " + c.operator());
        }
    }

    private static void check(Case c, Tensor output, float[] actual, double[] recomputed, double absolute) {
        double[] expected = output.values();
        assertEquals(expected.length, actual.length, "number of results");
        assertEquals(expected.length, recomputed.length, "number of recomputed results");
        double relativeOfOnnx = c.options().required("rtol").doubleValue();
        double absoluteOfOnnx = c.options().required("atol").doubleValue();
        for (int i = 0; i < actual.length; i++) {
            assertNear(expected[i], actual[i], relativeOfOnnx * Math.abs(expected[i]) + absoluteOfOnnx, "ONNX's result " + i);
            assertNear(recomputed[i], actual[i], RELATIVE * Math.abs(recomputed[i]) + absolute, "result " + i + " recomputed");
        }
    }

    // ---- the library ----

    private static float[] softmaxCrossEntropy(List<Tensor> inputs, JsonNode attributes) {
        Tensor x = inputs.get(0);
        Tensor targets = inputs.get(1);
        CrossEntropy.Builder builder = CrossEntropy.builder();
        if (inputs.size() > 2) builder.classWeights(inputs.get(2).floats());
        if (attributes.has("ignore_index")) builder.ignoreIndex(attributes.get("ignore_index").intValue());
        Matrix logits = x.matrix(x.floats(), 1);
        if (isNone(attributes)) {
            float[] losses = new float[logits.rows()];
            float[] again = new float[logits.rows()];
            builder.build().losses(logits, targets.longs(), losses);
            builder.build().losses(logits, targets.ints(), again);
            assertArrayEquals(losses, again, "int[] and long[] targets");
            return losses;
        }
        CrossEntropy crossEntropy = builder.reduction(reduction(attributes)).build();
        float loss = crossEntropy.loss(logits, targets.longs());
        assertEquals(loss, crossEntropy.loss(logits, targets.ints()), "int[] and long[] targets");
        return new float[] {loss};
    }

    private static float[] negativeLogLikelihood(List<Tensor> inputs, JsonNode attributes) {
        Tensor x = inputs.get(0);
        Tensor targets = inputs.get(1);
        NegativeLogLikelihood.Builder builder = NegativeLogLikelihood.builder();
        if (inputs.size() > 2) builder.classWeights(inputs.get(2).floats());
        if (attributes.has("ignore_index")) builder.ignoreIndex(attributes.get("ignore_index").intValue());
        Matrix logProbabilities = x.matrix(x.floats(), 1);
        if (isNone(attributes)) {
            float[] losses = new float[logProbabilities.rows()];
            float[] again = new float[logProbabilities.rows()];
            builder.build().losses(logProbabilities, targets.longs(), losses);
            builder.build().losses(logProbabilities, targets.ints(), again);
            assertArrayEquals(losses, again, "int[] and long[] targets");
            return losses;
        }
        NegativeLogLikelihood likelihood = builder.reduction(reduction(attributes)).build();
        float loss = likelihood.loss(logProbabilities, targets.longs());
        assertEquals(loss, likelihood.loss(logProbabilities, targets.ints()), "int[] and long[] targets");
        return new float[] {loss};
    }

    private static float[] softmax(Tensor x, int axis, boolean log) {
        float[] out = new float[x.values().length];
        if (log) {
            Softmax.logSoftmax(x.matrix(x.floats(), axis), x.matrix(out, axis));
        } else {
            Softmax.softmax(x.matrix(x.floats(), axis), x.matrix(out, axis));
        }
        return out;
    }

    // ---- the operators in double ----

    /** Losses from log-probabilities; one number unless the reduction is none. */
    private static double[] loss(double[][] logProbabilities, List<Tensor> inputs, JsonNode attributes) {
        int[] targets = inputs.get(1).ints();
        int ignoreIndex = attributes.path("ignore_index").intValue(Integer.MIN_VALUE);
        double[] losses = new double[targets.length];
        double weightSum = 0;
        for (int r = 0; r < losses.length; r++) {
            if (targets[r] == ignoreIndex) continue;
            double weight = inputs.size() > 2 ? inputs.get(2).values()[targets[r]] : 1;
            losses[r] = -weight * logProbabilities[r][targets[r]];
            weightSum += weight;
        }
        if (isNone(attributes)) return losses;
        double sum = Arrays.stream(losses).sum();
        return new double[] {reduction(attributes) == Reduction.MEAN ? sum / weightSum : sum};
    }

    private static double[][] logSoftmax(double[][] rows) {
        return Arrays.stream(rows).map(row -> {
            double lse = logSumExp(row);
            return Arrays.stream(row).map(x -> x - lse).toArray();
        }).toArray(double[][]::new);
    }

    private static double logSumExp(double[] x) {
        double max = Arrays.stream(x).max().orElse(Double.NEGATIVE_INFINITY);
        if (Double.isInfinite(max)) return max;
        return max + Math.log(Arrays.stream(x).map(v -> Math.exp(v - max)).sum());
    }

    /** The inverse of {@link Tensor#rows}. */
    private static double[] flat(double[][] rows, Tensor like, int axis) {
        int inner = Suite.size(like.shape(), axis + 1, like.shape().length);
        int classes = like.shape()[axis];
        double[] flat = new double[like.values().length];
        for (int r = 0; r < rows.length; r++) {
            for (int c = 0; c < classes; c++) flat[(r / inner * classes + c) * inner + r % inner] = rows[r][c];
        }
        return flat;
    }

    private static double[] widened(float[] x) {
        double[] widened = new double[x.length];
        Arrays.setAll(widened, i -> x[i]);
        return widened;
    }

    private static boolean isNone(JsonNode attributes) {
        return attributes.required("reduction").stringValue().equals("none");
    }

    private static Reduction reduction(JsonNode attributes) {
        return switch (attributes.required("reduction").stringValue()) {
            case "mean" -> Reduction.MEAN;
            case "sum" -> Reduction.SUM;
            default -> throw new AssertionError("unknown reduction in " + attributes);
        };
    }
}
