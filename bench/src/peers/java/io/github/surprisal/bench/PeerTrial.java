package io.github.surprisal.bench;

import io.github.surprisal.Matrix;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.infra.BenchmarkParams;

/** One operation by several libraries: benchmark methods are named after the library. What they compute is checked before and after. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Fork(value = 1, jvmArgs = {Forks.COLLECTOR, Forks.UNSAFE, PeerTrial.NATIVE, PeerTrial.OFFLINE, PeerTrial.NO_TRACKING,
        PeerTrial.ONE_THREAD, PeerTrial.ONE_THREAD_BETWEEN}, jvmArgsAppend = {Forks.VECTOR, Forks.SIMD})
public abstract class PeerTrial extends Trial {

    static final String NATIVE = "--enable-native-access=ALL-UNNAMED";
    static final String OFFLINE = "-Dai.djl.offline=true";
    static final String NO_TRACKING = "-DOPT_OUT_TRACKING=true";
    static final String ONE_THREAD = "-Dai.djl.pytorch.num_threads=1";
    static final String ONE_THREAD_BETWEEN = "-Dai.djl.pytorch.num_interop_threads=1";

    @Param({"64x1024", "20000x10", "64x128256"})
    public String shape;

    int rows;
    int columns;
    float[] logits;
    int[] targets;
    Matrix matrix;
    Peer peer;

    @Setup
    public void setup(BenchmarkParams params) throws Exception {
        var size = new Shape(shape);
        if (usesSurprisal(params)) {
            prepare(params, () -> use(size.warmUpRows(), size.warmUpColumns()), () -> use(size.rows(), size.columns()));
        } else {
            use(size.rows(), size.columns());
        }
        String method = params.getBenchmark();
        peer = open(method.substring(method.lastIndexOf('.') + 1));
        ulps();
    }

    private void use(int rows, int columns) {
        this.rows = rows;
        this.columns = columns;
        logits = Logits.gaussian(rows * columns);
        targets = Logits.targets(rows, columns);
        matrix = Matrix.of(logits, rows, columns);
        useOutputs();
    }

    /** Null for our own library. */
    private Peer open(String method) throws Exception {
        return switch (method) {
            case "onnxRuntime" -> new OnnxPeer(logits, rows, columns, targets);
            case "pytorch" -> new TorchPeer(logits, rows, columns, targets);
            case "tensorflow" -> new TensorFlowPeer(logits, rows, columns, targets);
            default -> null;
        };
    }

    /** Makes the outputs for {@code rows} and {@code columns}. */
    abstract void useOutputs();

    /** Computes once more with all outputs, and returns the largest error; throws if an answer is wrong. */
    abstract double ulps();

    @TearDown
    public void check(BenchmarkParams params) {
        writeNotes(params, ulps());
        if (peer != null) {
            peer.close();
        }
    }
}
