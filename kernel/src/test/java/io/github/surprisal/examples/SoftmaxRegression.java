package io.github.surprisal.examples;

import io.github.surprisal.CrossEntropy;
import io.github.surprisal.Matrix;

/** Softmax regression, trained by gradient descent: logits = samples * weights + bias, and the mean cross-entropy of these. */
final class SoftmaxRegression {
    private final CrossEntropy crossEntropy = CrossEntropy.withDefaults();
    private final int features;
    private final int classes;
    /** Row-major, features x classes; from zero. */
    private final float[] weights;
    private final float[] bias;

    SoftmaxRegression(int features, int classes) {
        this.features = features;
        this.classes = classes;
        this.weights = new float[features * classes];
        this.bias = new float[classes];
    }

    /** One step of full-batch gradient descent; returns the loss before it. Samples are row-major. */
    float step(float[] samples, int[] labels, float rate) {
        // @start region="softmax-regression"
        float[] logits = logits(samples);                                   // labels.length x classes
        Matrix batch = Matrix.of(logits, labels.length, classes);
        float loss = crossEntropy.lossAndGradient(batch, labels, batch);    // in place: the logits become their gradient
        descend(samples, logits, rate);                                     // weights -= rate * samples^T * gradient
        // @end
        return loss;
    }

    /** Loss and number of correct predictions, without a step. */
    CrossEntropy.Totals evaluate(float[] samples, int[] labels) {
        return crossEntropy.totals(Matrix.of(logits(samples), labels.length, classes), labels);
    }

    private float[] logits(float[] samples) {
        int n = samples.length / features;
        float[] logits = new float[n * classes];
        for (int i = 0; i < n; i++) {
            System.arraycopy(bias, 0, logits, i * classes, classes);
            for (int f = 0; f < features; f++) {
                float x = samples[i * features + f];
                for (int c = 0; c < classes; c++) logits[i * classes + c] += x * weights[f * classes + c];
            }
        }
        return logits;
    }

    private void descend(float[] samples, float[] gradient, float rate) {
        float[] weightGradient = new float[weights.length];
        float[] biasGradient = new float[classes];
        for (int i = 0; i < samples.length / features; i++) {
            for (int c = 0; c < classes; c++) biasGradient[c] += gradient[i * classes + c];
            for (int f = 0; f < features; f++) {
                float x = samples[i * features + f];
                for (int c = 0; c < classes; c++) weightGradient[f * classes + c] += x * gradient[i * classes + c];
            }
        }
        for (int k = 0; k < weights.length; k++) weights[k] -= rate * weightGradient[k];
        for (int c = 0; c < classes; c++) bias[c] -= rate * biasGradient[c];
    }
}
