package io.github.surprisal;

/** Loss and gradient of one row. */
record OneRow(float loss, float[] gradient) {
    static OneRow run(CrossEntropy crossEntropy, float[] row, int target) {
        float[] gradient = new float[row.length];
        float loss = crossEntropy.lossAndGradient(Matrix.of(row, 1, row.length), new int[] {target}, Matrix.of(gradient, 1, row.length));
        return new OneRow(loss, gradient);
    }

    static OneRow run(CrossEntropy crossEntropy, float[] row, float... probabilities) {
        float[] gradient = new float[row.length];
        float loss = crossEntropy.lossAndGradient(Matrix.of(row, 1, row.length), Matrix.of(probabilities, 1, row.length), Matrix.of(gradient, 1, row.length));
        return new OneRow(loss, gradient);
    }
}
