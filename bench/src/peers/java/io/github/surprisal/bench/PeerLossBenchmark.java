package io.github.surprisal.bench;

import io.github.surprisal.CrossEntropy;
import org.openjdk.jmh.annotations.Benchmark;

/** The mean cross-entropy of the rows. */
@Family(operation = "peers-loss", title = "Peers, cross-entropy loss", vectorOperations = 10,
        peers = true, quick = {"64x1024", "64x128256"})
public class PeerLossBenchmark extends PeerTrial {

    @Override
    void useOutputs() {
        // a loss is a number
    }

    @Benchmark
    @Variant(order = 1, label = "ONNX Runtime", baseline = true,
            call = "session.run, SoftmaxCrossEntropyLoss(reduction=mean), int64 labels")
    public float onnxRuntime() {
        return peer.loss();
    }

    @Benchmark
    @Variant(order = 2, label = "PyTorch", baseline = true,
            call = "new SoftmaxCrossEntropyLoss().evaluate(labels, x) of DJL: logSoftmax, pick, mean")
    public float pytorch() {
        return peer.loss();
    }

    @Benchmark
    @Variant(order = 3, label = "TensorFlow", baseline = true,
            call = "Session, mean(SparseSoftmaxCrossEntropyWithLogits(x, labels).loss)")
    public float tensorflow() {
        return peer.loss();
    }

    @Benchmark
    @Variant(order = 9, label = "Surprisal SIMD", call = "CrossEntropy.withDefaults().loss(x, targets)")
    public float surprisalSimd() {
        return CrossEntropy.withDefaults().loss(matrix, targets);
    }

    @Override
    double ulps() {
        return Answers.ulpsOfLoss(peer == null ? surprisalSimd() : peer.loss(), logits, rows, columns, targets);
    }
}
