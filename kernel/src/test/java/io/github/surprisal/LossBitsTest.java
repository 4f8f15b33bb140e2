package io.github.surprisal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Hashes of all result bits of losses, gradients and softmax: the same on every backend, serial and parallel, before and after the
 * kernels are compiled. A release that changes them says so in its notes.
 */
class LossBitsTest {
    private static final long SEED = 20250713;
    private static final int CALLS = 150;

    private static final String EXPECTED = """
            gradient e6aa36e7f1df86ae
            logSoftmax c61210124df5d3ad
            loss 988e822a8950a448
            losses a093c5b9e350d550
            nll.gradient d10dce463a12dcc0
            nll.losses 29a6d72726d70676
            softmax aeef6f9236781bd4
            totals ea63edc0b3d911cf
            """;

    private static final float[] SPECIALS = {
        Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, -1e9f, -Float.MAX_VALUE, Float.MAX_VALUE, 0x1p20f, -0x1p20f, 1e6f, -1e6f,
        0f, -0f, Float.MIN_VALUE, Float.MIN_NORMAL, 90, -90
    };

    private final Map<String, Long> hashes = new TreeMap<>();

    @Test
    void hashesNeverChange() {
        for (Execution execution : new Execution[] {Execution.serial(), Execution.parallel(), Execution.serial()}) {
            hashes.clear();
            for (int seed = 0; seed < CALLS; seed++) {
                run(new RandomCall(seed, 40, 30), execution);
                run(new RandomCall(seed, 5, 400), execution);
            }
            for (int columns : new int[] {1, 2, 16, 63, 64, 65, 200, 257, 1000, 2049, 4099, 20_000, 150_000}) {
                int rows = columns > 10_000 ? 2 : 18;
                for (int k = 0; k < (columns > 10_000 ? 3 : 6); k++) usual(Layout.of(k, rows, columns), execution);
            }
            for (int columns : new int[] {1, 2, 5, 40, 300}) specials(columns, execution);
            StringBuilder actual = new StringBuilder();
            hashes.forEach((name, hash) -> actual.append(name).append(' ').append(Long.toHexString(hash)).append('\n'));
            assertEquals(EXPECTED, actual.toString());
        }
    }

    private void add(String name, float... results) {
        long hash = hashes.getOrDefault(name, 0L);
        for (float result : results) hash = 31 * hash + Float.floatToRawIntBits(result);
        hashes.put(name, hash);
    }

    /** Cross-entropy with every option. */
    private void run(RandomCall call, Execution execution) {
        CrossEntropy crossEntropy = call.builder().execution(execution).build();
        Matrix x = call.layout.matrix(call.layout.store(call.logits));
        add("loss", call.loss(crossEntropy, x));
        add("losses", call.losses(crossEntropy, x));
        float[] gradient = new float[call.gradientLayout.size()];
        add("loss", call.lossAndGradient(crossEntropy, x, call.gradientLayout.matrix(gradient)));
        add("gradient", gradient);
        if (call.targets != null) totals(crossEntropy, x, call.targets);
    }

    private void totals(CrossEntropy crossEntropy, Matrix x, int[] targets) {
        CrossEntropy.Totals totals = crossEntropy.totals(x, targets);
        long bits = 31 * Double.doubleToRawLongBits(totals.lossSum()) + Double.doubleToRawLongBits(totals.weightSum());
        hashes.merge("totals", 31 * bits + totals.correct(), (a, b) -> 31 * a + b);
    }

    private void usual(Layout layout, Execution execution) {
        float[] data = new float[layout.rows() * layout.columns()];
        SplittableRandom random = new SplittableRandom(SEED + layout.columns());
        // Sums of uniform numbers: no library function, whose last bit may change, is in them.
        for (int i = 0; i < data.length; i++) data[i] = (float) (5 * (random.nextDouble() + random.nextDouble() + random.nextDouble() - 1.5));
        rows(data, layout, execution);
    }

    /** A special value in every place among usual ones, one a row; and rows of nothing else. */
    private void specials(int columns, Execution execution) {
        for (float special : SPECIALS) {
            SplittableRandom random = new SplittableRandom(SEED);
            Layout layout = Layout.classAxis(2 * columns + 1, columns, 1);
            float[] data = new float[layout.rows() * columns];
            for (int i = 0; i < data.length; i++) {
                int row = i / columns;
                data[i] = row == 2 * columns || row % columns == i % columns ? special : (float) random.nextDouble(-4, 4);
            }
            rows(data, layout, execution);
            rows(data, Layout.classAxis(layout.rows(), columns, layout.rows()), execution);
        }
    }

    private void rows(float[] data, Layout layout, Execution execution) {
        int columns = layout.columns();
        int[] targets = new int[layout.rows()];
        for (int r = 0; r < targets.length; r++) targets[r] = r % 7 == 6 ? -100 : r * 31 % columns;
        Matrix x = layout.matrix(layout.store(data));
        float[] out = new float[layout.size()];
        Matrix target = layout.matrix(out);
        CrossEntropy crossEntropy = CrossEntropy.builder().execution(execution).build();
        float[] losses = new float[targets.length];
        crossEntropy.losses(x, targets, losses);
        add("losses", losses);
        add("loss", crossEntropy.lossAndGradient(x, targets, target));
        add("gradient", out);
        totals(crossEntropy, x, targets);
        Softmax.softmax(x, target, execution);
        add("softmax", out);
        Softmax.logSoftmax(x, target, execution);
        add("logSoftmax", out);
        NegativeLogLikelihood nll = NegativeLogLikelihood.builder().build();
        nll.losses(x, targets, losses);
        add("nll.losses", losses);
        add("nll.losses", nll.lossAndGradient(x, targets, target));
        add("nll.gradient", out);
    }
}
