package io.github.surprisal.bench;

import io.github.surprisal.Matrix;
import io.github.surprisal.Softmax;
import org.openjdk.jmh.annotations.Benchmark;

/** Softmax of the rows into another matrix. */
@Family(operation = "peers-softmax", title = "Peers, softmax", vectorOperations = 12,
        bytesPerElement = 2 * Float.BYTES, roofline = "copyNegated", peers = true, quick = {"64x1024", "64x128256"})
public class PeerSoftmaxBenchmark extends PeerTrial {

    private float[] out;
    private Matrix outMatrix;

    @Override
    void useOutputs() {
        out = new float[logits.length];
        outMatrix = Matrix.of(out, rows, columns);
    }

    @Benchmark
    @Variant(order = 1, label = "ONNX Runtime", baseline = true,
            call = "session.run, Softmax(axis=-1), output into a direct buffer")
    public float[] onnxRuntime() {
        peer.softmax(null);
        return out;
    }

    @Benchmark
    @Variant(order = 2, label = "PyTorch", baseline = true,
            call = "x.softmax(1) by DJL")
    public float[] pytorch() {
        peer.softmax(null);
        return out;
    }

    @Benchmark
    @Variant(order = 3, label = "TensorFlow", baseline = true,
            call = "Session, nn.softmax(x)")
    public float[] tensorflow() {
        peer.softmax(null);
        return out;
    }

    @Benchmark
    @Variant(order = 9, label = "Surprisal SIMD", call = "Softmax.softmax(x, out)")
    public float[] surprisalSimd() {
        Softmax.softmax(matrix, outMatrix);
        return out;
    }

    @Override
    double ulps() {
        if (peer == null) {
            surprisalSimd();
        } else {
            peer.softmax(out);
        }
        return Answers.ulpsOfSoftmax(out, logits, rows, columns);
    }
}
