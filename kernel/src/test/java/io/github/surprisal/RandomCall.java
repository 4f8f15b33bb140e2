package io.github.surprisal;

import java.util.SplittableRandom;

/** A random loss and what to call it with; a function of the seed alone, in which every option, kind of target and layout comes up. */
final class RandomCall {
    final int rows;
    final int columns;
    /** Row-major. */
    final float[] logits;
    /** Class indices, some ignored; null if the targets are distributions. */
    final int[] targets;
    /** Row-major distributions, or null. */
    final float[] probabilities;
    final Layout layout;
    final Layout gradientLayout;
    final Layout probabilityLayout;

    /** The options: null and 0 for those that are not set. */
    final float[] weights;
    final int ignoreIndex;
    final float smoothing;
    final Reduction reduction;
    final float zLoss;
    final float softcap;
    final float logitScale;

    private final String name;

    RandomCall(long seed, int maxRows, int maxColumns) {
        SplittableRandom random = new SplittableRandom(seed);
        rows = random.nextInt(1, maxRows + 1);
        columns = random.nextInt(1, maxColumns + 1);
        boolean indices = random.nextInt(3) > 0;
        reduction = random.nextBoolean() ? Reduction.MEAN : Reduction.SUM;
        ignoreIndex = random.nextBoolean() ? -100 : random.nextInt(-1, columns + 1);
        smoothing = random.nextBoolean() ? 0 : random.nextInt(4) == 0 ? 1 : (float) random.nextDouble(0.5);
        zLoss = random.nextInt(3) > 0 ? 0 : (float) random.nextDouble(0.5);
        softcap = random.nextInt(3) > 0 ? 0 : (float) random.nextDouble(2, 30);
        logitScale = random.nextInt(3) > 0 ? 1 : (float) random.nextDouble(0.2, 3);
        weights = random.nextBoolean() ? null : uniform(random, columns, 0, 2);
        if (weights != null && random.nextBoolean()) weights[random.nextInt(columns)] = 0;
        logits = uniform(random, rows * columns, -6, 6);
        layout = Layout.of(random.nextInt(60), rows, columns);
        gradientLayout = Layout.of(random.nextInt(60), rows, columns);
        probabilityLayout = Layout.of(random.nextInt(60), rows, columns);
        targets = indices ? new int[rows] : null;
        probabilities = indices ? null : uniform(random, rows * columns, 0, 2.0 / columns); // need not be normalised
        if (indices) {
            for (int r = 0; r < rows; r++) targets[r] = random.nextInt(5) == 0 ? ignoreIndex : random.nextInt(columns);
        }
        name = "seed " + seed + ": " + layout + ", gradient " + gradientLayout + (indices ? ", class indices" : ", distributions " + probabilityLayout)
                + ", " + reduction + ", ignoreIndex " + ignoreIndex + ", smoothing " + smoothing + ", zLoss " + zLoss + ", softcap " + softcap
                + ", logitScale " + logitScale + (weights == null ? "" : ", weights");
    }

    private static float[] uniform(SplittableRandom random, int n, double from, double to) {
        float[] x = new float[n];
        for (int i = 0; i < n; i++) x[i] = (float) random.nextDouble(from, to);
        return x;
    }

    CrossEntropy.Builder builder() {
        CrossEntropy.Builder builder = CrossEntropy.builder().ignoreIndex(ignoreIndex).labelSmoothing(smoothing).reduction(reduction).zLoss(zLoss).logitScale(logitScale);
        if (softcap > 0) builder.softcap(softcap);
        if (weights != null) builder.classWeights(weights);
        return builder;
    }

    boolean isKept(int r) {
        return targets == null || targets[r] != ignoreIndex;
    }

    /** What MEAN divides by; 1 for SUM. */
    double denominator() {
        if (reduction == Reduction.SUM) return 1;
        double sum = 0;
        for (int r = 0; r < rows; r++) {
            if (isKept(r)) sum += targets == null || weights == null ? 1 : weights[targets[r]];
        }
        return sum;
    }

    // ---- the three calls, with whichever targets this has ----

    float loss(CrossEntropy crossEntropy, Matrix x) {
        return targets != null ? crossEntropy.loss(x, targets) : crossEntropy.loss(x, probabilities());
    }

    float[] losses(CrossEntropy crossEntropy, Matrix x) {
        float[] losses = new float[rows];
        if (targets != null) {
            crossEntropy.losses(x, targets, losses);
        } else {
            crossEntropy.losses(x, probabilities(), losses);
        }
        return losses;
    }

    float lossAndGradient(CrossEntropy crossEntropy, Matrix x, Matrix gradient) {
        return targets != null ? crossEntropy.lossAndGradient(x, targets, gradient) : crossEntropy.lossAndGradient(x, probabilities(), gradient);
    }

    private Matrix probabilities() {
        return probabilityLayout.matrix(probabilityLayout.store(probabilities));
    }

    @Override
    public String toString() {
        return name;
    }
}
