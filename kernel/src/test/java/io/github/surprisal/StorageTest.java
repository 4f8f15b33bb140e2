package io.github.surprisal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.surprisal.oracle.Shape;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every operation in every kind of memory, element type and layout: the bits of the same numbers in a float array. */
class StorageTest {
    private static final long SEED = 20251126;
    private static final int CALLS = 4;
    /** Around the lengths where rows go other ways: side by side, in tiles, straight, in pieces, in chunks. */
    private static final int[][] SIZES = {{5, 1}, {70, 3}, {40, 17}, {33, 64}, {9, 65}, {17, 130}, {3, 2048}, {2, 2049}, {3, 4500}};

    static Stream<Storage> storages() {
        return Storage.all().stream();
    }

    private static void assertBits(float[] expected, float[] actual, String what) {
        assertEquals(expected.length, actual.length, what);
        for (int i = 0; i < expected.length; i++) {
            int at = i;
            assertEquals(Float.floatToIntBits(expected[i]), Float.floatToIntBits(actual[i]),
                    () -> "at " + at + ": " + expected[at] + " and " + actual[at] + ", " + what);
        }
    }

    /** Cross-entropy with every option and kind of target. */
    @ParameterizedTest
    @MethodSource("storages")
    void crossEntropy(Storage storage) {
        for (int seed = 0; seed < CALLS; seed++) {
            check(storage, new RandomCall(SEED + seed, 40, 30));
            check(storage, new RandomCall(SEED - seed, 7, 400));
        }
        check(storage, new RandomCall(SEED, 3, 5000));
    }

    private static void check(Storage storage, RandomCall call) {
        CrossEntropy crossEntropy = call.builder().build();
        Layout rowMajor = Layout.rowMajor(call.rows, call.columns);
        float[] logits = storage.rounded(call.logits);
        float[] probabilities = call.probabilities == null ? null : storage.rounded(call.probabilities);
        Matrix x = rowMajor.matrix(logits);
        Matrix t = probabilities == null ? null : rowMajor.matrix(probabilities);
        float[] gradient = new float[logits.length];
        float expected = run(crossEntropy, x, call.targets, t, rowMajor.matrix(gradient));
        float[] losses = new float[call.rows];
        losses(crossEntropy, x, call.targets, t, losses);
        try (Arena arena = storage.kind() == Storage.Kind.CONFINED ? Arena.ofConfined() : Arena.ofShared()) {
            String what = storage + ", " + call;
            Matrix y = storage.of(arena, call.layout, call.logits);
            Matrix u = t == null ? null : storage.of(arena, call.probabilityLayout, call.probabilities);
            float[] actualLosses = new float[call.rows];
            losses(crossEntropy, y, call.targets, u, actualLosses);
            assertBits(losses, actualLosses, "losses, " + what);
            float[] toArray = new float[call.gradientLayout.size()];
            assertBits(new float[] {expected}, new float[] {run(crossEntropy, y, call.targets, u, call.gradientLayout.matrix(toArray))}, "loss, " + what);
            assertBits(gradient, call.gradientLayout.load(toArray), "gradient to an array, " + what);
            if (storage.isReadOnly()) return;
            var out = storage.store(arena, call.gradientLayout, call.logits);
            run(crossEntropy, y, call.targets, u, storage.matrix(call.gradientLayout, out));
            assertBits(storage.rounded(gradient), storage.load(call.gradientLayout, out), "gradient, " + what);
            run(crossEntropy, x, call.targets, t, storage.matrix(call.gradientLayout, out));
            assertBits(storage.rounded(gradient), storage.load(call.gradientLayout, out), "gradient from an array, " + what);
            var place = storage.store(arena, call.layout, call.logits);
            Matrix both = storage.matrix(call.layout, place);
            run(crossEntropy, both, call.targets, u, both);
            assertBits(storage.rounded(gradient), storage.load(call.layout, place), "gradient in place, " + what);
            if (call.targets == null) return;
            assertEquals(crossEntropy.totals(x, call.targets), crossEntropy.totals(y, call.targets), "totals, " + what);
            CrossEntropy.Totals totals = crossEntropy.totalsAndGradient(x, call.targets, 3, rowMajor.matrix(gradient));
            assertEquals(totals, crossEntropy.totalsAndGradient(y, call.targets, 3, storage.matrix(call.gradientLayout, out)), "totals, " + what);
            assertBits(storage.rounded(gradient), storage.load(call.gradientLayout, out), "gradient beside totals, " + what);
        }
    }

    private static float run(CrossEntropy crossEntropy, Matrix x, int[] targets, Matrix probabilities, Matrix gradient) {
        return targets != null ? crossEntropy.lossAndGradient(x, targets, gradient) : crossEntropy.lossAndGradient(x, probabilities, gradient);
    }

    private static void losses(CrossEntropy crossEntropy, Matrix x, int[] targets, Matrix probabilities, float[] losses) {
        if (targets != null) crossEntropy.losses(x, targets, losses);
        else crossEntropy.losses(x, probabilities, losses);
    }

    @ParameterizedTest
    @MethodSource("storages")
    void softmaxAndLogSumExp(Storage storage) {
        for (int[] size : SIZES) {
            for (Shape shape : new Shape[] {Shape.NORMAL_3, Shape.MASKED, Shape.HUGE}) {
                float[] data = shape.fill(size[0] * size[1], SEED);
                if (shape == Shape.NORMAL_3) special(data, size[1]);
                float[] x = storage.rounded(data);
                Matrix array = Matrix.of(x, size[0], size[1]);
                float[] lse = new float[size[0]];
                LogSumExp.ofRows(array, lse);
                float[] p = new float[x.length];
                Softmax.softmax(array, Matrix.of(p, size[0], size[1]));
                float[] logP = new float[x.length];
                Softmax.logSoftmax(array, Matrix.of(logP, size[0], size[1]));
                for (int k = 0; k < 4; k++) {
                    Layout layout = k < 2 ? Layout.of(k, size[0], size[1]) : Layout.classAxis(size[0], size[1], k == 2 ? size[0] : 1);
                    rows(storage, layout, data, lse, p, logP, storage + ", " + layout + ", " + shape + ", seed " + SEED);
                }
            }
        }
    }

    private static void special(float[] data, int columns) {
        float[] specials = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, -1e9f, 0, -0f, Float.MIN_VALUE, 60000, 80};
        for (int r = 1, i = 0; r * columns < data.length; r += 2, i++) data[r * columns + i % columns] = specials[i % specials.length];
        Arrays.fill(data, 0, Math.min(columns, data.length), data[0] > 1e30f ? 0 : Float.NEGATIVE_INFINITY);
    }

    private static void rows(Storage storage, Layout layout, float[] data, float[] lse, float[] p, float[] logP, String what) {
        try (Arena arena = Arena.ofShared()) {
            Matrix x = storage.of(arena, layout, data);
            float[] actual = new float[layout.rows()];
            LogSumExp.ofRows(x, actual);
            assertBits(lse, actual, "lse, " + what);
            float[] out = new float[layout.rows() * layout.columns()];
            Softmax.softmax(x, Matrix.of(out, layout.rows(), layout.columns()));
            assertBits(p, out, "softmax to an array, " + what);
            Softmax.logSoftmax(x, Matrix.of(out, layout.rows(), layout.columns()));
            assertBits(logP, out, "logSoftmax to an array, " + what);
            if (storage.isReadOnly()) return;
            var place = storage.store(arena, layout, data);
            Softmax.softmax(x, storage.matrix(layout, place));
            assertBits(storage.rounded(p), storage.load(layout, place), "softmax, " + what);
            Softmax.logSoftmax(x, storage.matrix(layout, place));
            assertBits(storage.rounded(logP), storage.load(layout, place), "logSoftmax, " + what);
            place = storage.store(arena, layout, data);
            Softmax.softmax(storage.matrix(layout, place), storage.matrix(layout, place));
            assertBits(storage.rounded(p), storage.load(layout, place), "softmax in place, " + what);
        }
    }

    @ParameterizedTest
    @MethodSource("storages")
    void negativeLogLikelihoodAndBinaryCrossEntropy(Storage storage) {
        NegativeLogLikelihood nll = NegativeLogLikelihood.builder().reduction(Reduction.SUM).build();
        BinaryCrossEntropy bce = BinaryCrossEntropy.builder().build();
        for (int[] size : new int[][] {{12, 7}, {6, 600}, {2, 2500}}) {
            int rows = size[0];
            int columns = size[1];
            float[] data = Shape.NORMAL_3.fill(rows * columns, SEED);
            float[] labels = new float[data.length];
            for (int i = 0; i < labels.length; i++) labels[i] = i % 5 / 4f;
            int[] targets = new int[rows];
            Arrays.setAll(targets, r -> r % 4 == 3 ? -100 : r * 31 % columns);
            Matrix x = Matrix.of(storage.rounded(data), rows, columns);
            float[] nllLosses = new float[rows];
            nll.losses(x, targets, nllLosses);
            float[] nllGradient = new float[data.length];
            nll.lossAndGradient(x, targets, Matrix.of(nllGradient, rows, columns));
            Matrix t = Matrix.of(labels, rows, columns); // exact in every type
            float[] bceLosses = new float[data.length];
            bce.losses(x, t, Matrix.of(bceLosses, rows, columns));
            float[] bceGradient = new float[data.length];
            float bceLoss = bce.lossAndGradient(x, t, Matrix.of(bceGradient, rows, columns));
            for (int k = 0; k < 4; k++) {
                Layout layout = Layout.of(k, rows, columns);
                String what = storage + ", " + layout + ", seed " + SEED;
                try (Arena arena = Arena.ofShared()) {
                    Matrix y = storage.of(arena, layout, data);
                    Matrix u = storage.of(arena, layout, labels);
                    float[] losses = new float[rows];
                    nll.losses(y, targets, losses);
                    assertBits(nllLosses, losses, "nll, " + what);
                    assertBits(new float[] {bceLoss}, new float[] {bce.loss(y, u)}, "bce, " + what);
                    if (storage.isReadOnly()) continue;
                    var out = storage.store(arena, layout, data);
                    nll.lossAndGradient(y, targets, storage.matrix(layout, out));
                    assertBits(storage.rounded(nllGradient), storage.load(layout, out), "nll gradient, " + what);
                    bce.losses(y, u, storage.matrix(layout, out));
                    assertBits(storage.rounded(bceLosses), storage.load(layout, out), "bce losses, " + what);
                    out = storage.store(arena, layout, data);
                    bce.lossAndGradient(storage.matrix(layout, out), u, storage.matrix(layout, out));
                    assertBits(storage.rounded(bceGradient), storage.load(layout, out), "bce gradient in place, " + what);
                }
            }
        }
    }
}
