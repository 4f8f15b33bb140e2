package io.github.surprisal.bench;

import io.github.surprisal.LogSumExp;
import org.openjdk.jmh.annotations.Benchmark;

/** Log-sum-exp of the rows. */
@Family(operation = "peers-log-sum-exp", title = "Peers, log-sum-exp", vectorOperations = 10,
        peers = true, quick = {"64x1024", "64x128256"})
public class PeerLogSumExpBenchmark extends PeerTrial {

    private float[] out;

    @Override
    void useOutputs() {
        out = new float[rows];
    }

    @Benchmark
    @Variant(order = 1, label = "ONNX Runtime", baseline = true,
            call = "session.run, ReduceLogSumExp(axes=[1], keepdims=0), direct buffers")
    public float[] onnxRuntime() {
        peer.logSumExp(out);
        return out;
    }

    @Benchmark
    @Variant(order = 2, label = "PyTorch", baseline = true,
            call = "x.sub(max).exp().sum(1).log().add(max) by DJL, which has no logsumexp")
    public float[] pytorch() {
        peer.logSumExp(out);
        return out;
    }

    @Benchmark
    @Variant(order = 3, label = "TensorFlow", baseline = true,
            call = "Session, log(reduceSum(exp(x - reduceMax(x)))) + reduceMax(x)")
    public float[] tensorflow() {
        peer.logSumExp(out);
        return out;
    }

    @Benchmark
    @Variant(order = 9, label = "Surprisal SIMD", call = "LogSumExp.ofRows(x, out)")
    public float[] surprisalSimd() {
        LogSumExp.ofRows(matrix, out);
        return out;
    }

    @Override
    double ulps() {
        if (peer == null) {
            surprisalSimd();
        } else {
            peer.logSumExp(out);
        }
        double worst = 0;
        for (int row = 0; row < rows; row++) {
            double expected = Oracle.logSumExp(logits, row * columns, (row + 1) * columns);
            requireClose(expected, out[row], "row " + row);
            worst = Math.max(worst, Oracle.ulps(out[row], expected));
        }
        return worst;
    }
}
