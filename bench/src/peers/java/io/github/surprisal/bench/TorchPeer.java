package io.github.surprisal.bench;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.NDScope;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.loss.Loss;
import ai.djl.training.loss.SoftmaxCrossEntropyLoss;

/** PyTorch by DJL. Its number of threads comes from the fork's system properties. */
final class TorchPeer implements Peer {

    private final Engine engine = Engine.getEngine("PyTorch");
    private final NDManager manager = engine.newBaseManager(Device.cpu());
    private final Loss crossEntropy = new SoftmaxCrossEntropyLoss();
    private final NDArray logits;
    private final NDList labels;

    TorchPeer(float[] x, int rows, int columns, int[] targets) {
        logits = manager.create(x, new Shape(rows, columns));
        labels = new NDList(manager.create(targets, new Shape(rows)));
    }

    // DJL has no logsumexp; this is what torch's documentation says it computes
    @Override
    public void logSumExp(float[] out) {
        try (var _ = new NDScope()) {
            NDArray max = logits.max(new int[] {1}, true);
            NDArray result = logits.sub(max).exp().sum(new int[] {1}).log().add(max.squeeze(1));
            System.arraycopy(result.toFloatArray(), 0, out, 0, out.length);
        }
    }

    @Override
    public float loss() {
        try (var _ = new NDScope()) {
            return crossEntropy.evaluate(labels, new NDList(logits)).getFloat();
        }
    }

    @Override
    public void softmax(float[] out) {
        try (NDArray result = logits.softmax(1)) {
            if (out != null) {
                copy(result, out);
            }
        }
    }

    // A leaf of its own for each call, on the same data: on an old one gradients add up, and zeroing it would be another sweep.
    @Override
    public float lossAndGradient(float[] out) {
        try (var _ = new NDScope(); var collector = engine.newGradientCollector()) {
            NDArray leaf = logits.stopGradient();
            leaf.setRequiresGradient(true);
            NDArray loss = crossEntropy.evaluate(labels, new NDList(leaf));
            collector.backward(loss);
            if (out != null) {
                copy(leaf.getGradient(), out);
            }
            return loss.getFloat();
        }
    }

    private static void copy(NDArray array, float[] out) {
        System.arraycopy(array.toFloatArray(), 0, out, 0, out.length);
    }

    @Override
    public void close() {
        manager.close();
    }
}
