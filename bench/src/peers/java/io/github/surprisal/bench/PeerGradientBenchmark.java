package io.github.surprisal.bench;

import io.github.surprisal.CrossEntropy;
import io.github.surprisal.Matrix;
import org.openjdk.jmh.annotations.Benchmark;

/** The mean cross-entropy with its gradient into another matrix; ONNX Runtime computes none. */
@Family(operation = "peers-gradient", title = "Peers, loss and gradient", vectorOperations = 12,
        bytesPerElement = 2 * Float.BYTES, roofline = "copyNegated", peers = true, quick = {"64x1024", "64x128256"})
public class PeerGradientBenchmark extends PeerTrial {

    private float[] gradient;
    private Matrix gradientMatrix;

    @Override
    void useOutputs() {
        gradient = new float[logits.length];
        gradientMatrix = Matrix.of(gradient, rows, columns);
    }

    @Benchmark
    @Variant(order = 1, label = "PyTorch", baseline = true,
            call = "SoftmaxCrossEntropyLoss().evaluate, then GradientCollector.backward, by DJL")
    public float pytorch() {
        return peer.lossAndGradient(null);
    }

    @Benchmark
    @Variant(order = 2, label = "TensorFlow", baseline = true,
            call = "Session, SparseSoftmaxCrossEntropyWithLogits: mean(loss), backprop / rows")
    public float tensorflow() {
        return peer.lossAndGradient(null);
    }

    @Benchmark
    @Variant(order = 9, label = "Surprisal SIMD", call = "CrossEntropy.withDefaults().lossAndGradient(x, targets, gradient)")
    public float surprisalSimd() {
        return CrossEntropy.withDefaults().lossAndGradient(matrix, targets, gradientMatrix);
    }

    @Override
    double ulps() {
        float loss = peer == null ? surprisalSimd() : peer.lossAndGradient(gradient);
        return Math.max(Answers.ulpsOfLoss(loss, logits, rows, columns, targets),
                Answers.ulpsOfGradient(gradient, logits, rows, columns, targets));
    }
}
