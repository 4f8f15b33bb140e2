package io.github.surprisal;

import java.util.Arrays;

/**
 * Calls of the most common kinds on a few small matrices, for {@link Backend#warmUp()}: once the kernels are compiled, what is around them is still
 * interpreted, and the first request would wait for its classes. Nobody needs the results.
 */
final class Rehearsal {
    private static final int ROUNDS = 150; // compiled by then, mostly by C1
    private static final long LIMIT_NANOS = 2_000_000_000L; // where nothing is ever compiled
    /** Rows side by side, as they lie, together in groups, and one of several blocks. */
    private static final int[][] SHAPES = {{16, 8}, {8, 100}, {8, 300}, {1, 3000}};

    private final CrossEntropy[] losses = {
        CrossEntropy.withDefaults(), CrossEntropy.builder().labelSmoothing(0.1f).build(), CrossEntropy.builder().softcap(30).zLoss(1e-4f).build()
    };
    private final BinaryCrossEntropy binary = BinaryCrossEntropy.withDefaults();

    private static boolean done;

    /** Once: later calls return at once, others that come meanwhile wait. */
    static synchronized void run() {
        if (done) return;
        Rehearsal rehearsal = new Rehearsal();
        long start = System.nanoTime();
        for (int i = 0; i < ROUNDS && System.nanoTime() - start < LIMIT_NANOS; i++) {
            for (int[] shape : SHAPES) rehearsal.call(shape[0], shape[1]);
        }
        done = true;
    }

    private void call(int rows, int columns) {
        int n = rows * columns;
        float[] logits = new float[n];
        short[] halves = new short[n]; // 0
        float[] probabilities = new float[n];
        Arrays.fill(probabilities, 1f / columns);
        int[] targets = new int[rows];
        for (int i = 0; i < n; i++) logits[i] = i * 37 % 101 * 0.1f - 5;
        for (int r = 0; r < rows; r++) targets[r] = r * 7 % columns;
        float[] gradient = new float[n];
        call(Matrix.of(logits, rows, columns), Matrix.of(probabilities, rows, columns), targets, Matrix.of(gradient, rows, columns));
        call(Matrix.of(halves, ElementType.BFLOAT16, rows, columns), Matrix.of(probabilities, rows, columns), targets, Matrix.of(gradient, rows, columns));
        call(Matrix.ofClassAxis(logits, 1, columns, rows), Matrix.ofClassAxis(probabilities, 1, columns, rows), targets,
                Matrix.ofClassAxis(gradient, 1, columns, rows));
        for (CrossEntropy loss : losses) loss.lossAndGradient(Matrix.of(logits, rows, columns), targets, Matrix.of(logits, rows, columns)); // in place
        Information.klDivergence(probabilities, 0, columns, probabilities, 0, columns, InformationUnit.NAT);
    }

    private void call(Matrix logits, Matrix probabilities, int[] targets, Matrix gradient) {
        LogSumExp.ofRows(logits, new float[logits.rows()]);
        Softmax.softmax(logits, gradient);
        Softmax.logSoftmax(logits, gradient);
        for (CrossEntropy loss : losses) {
            loss.loss(logits, targets);
            loss.lossAndGradient(logits, targets, gradient);
            loss.lossAndGradient(logits, probabilities, gradient);
        }
        binary.lossAndGradient(logits, probabilities, gradient);
    }
}
