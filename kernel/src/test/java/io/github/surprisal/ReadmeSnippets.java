package io.github.surprisal;

/** The code in the README and in the Javadoc; ReadmeTest runs it. A region is copied literally, so keep it short. */
final class ReadmeSnippets {
    private ReadmeSnippets() {}

    static float[] crossEntropy() {
        // @start region="cross-entropy"
        float[] scores = {1.2566f, -1.9265f, -0.0638f};                  // one sample, three classes
        Matrix logits = Matrix.of(scores, 1, 3);
        int[] targets = {2};
        float loss = CrossEntropy.withDefaults().loss(logits, targets);  // 1.5893: log(e^1.2566 + e^-1.9265 + e^-0.0638) + 0.0638

        CrossEntropy smoothed = CrossEntropy.builder().labelSmoothing(0.1f).execution(Execution.parallel()).build();
        float[] slopes = new float[3];
        Matrix gradient = Matrix.of(slopes, 1, 3);                       // or logits itself: in place
        float smoother = smoothed.lossAndGradient(logits, targets, gradient);

        System.out.println(Backend.active());                            // simd-512, simd-256, simd-128 or scalar, and why
        // @end
        return new float[] {loss, smoother, slopes[0], slopes[1], slopes[2]};
    }

    static float[] logSumExp() {
        // @start region="log-sum-exp"
        float lse = LogSumExp.of(1.2566f, -1.9265f, -0.0638f);          // log(e^1.2566 + e^-1.9265 + e^-0.0638) = 1.5255

        float[] logits = {1, 2, 3, 2, 2, 2};                            // two rows of three classes
        Matrix rows = Matrix.of(logits, 2, 3);
        float[] out = new float[rows.rows()];
        LogSumExp.ofRows(rows, out);                                    // 3.4076, and 2 + log(3) = 3.0986
        LogSumExp.ofRows(rows, out, Execution.parallel());              // the same bits

        System.out.println(Backend.active());                           // simd-512, simd-256, simd-128 or scalar, and why
        // @end
        return new float[] {lse, out[0], out[1]};
    }

    static float[] accumulator() {
        // @start region="accumulator"
        float[] logits = {1, 2, 3, 4};
        LogSumExpAccumulator left = new LogSumExpAccumulator().add(logits, 0, 2);
        LogSumExpAccumulator right = new LogSumExpAccumulator().add(logits, 2, 4); // in another task or machine: it is Serializable
        float lse = left.merge(right).result();                                   // 4.4402, as LogSumExp.of(logits)
        // @end
        return new float[] {lse, LogSumExp.of(logits)};
    }
}
