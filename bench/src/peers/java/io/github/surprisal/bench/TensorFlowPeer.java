package io.github.surprisal.bench;

import java.util.Arrays;
import org.tensorflow.Graph;
import org.tensorflow.Operand;
import org.tensorflow.Output;
import org.tensorflow.Result;
import org.tensorflow.Session;
import org.tensorflow.ndarray.Shape;
import org.tensorflow.ndarray.buffer.DataBuffers;
import org.tensorflow.op.Ops;
import org.tensorflow.op.core.Placeholder;
import org.tensorflow.op.core.ReduceMax;
import org.tensorflow.op.nn.SparseSoftmaxCrossEntropyWithLogits;
import org.tensorflow.proto.ConfigProto;
import org.tensorflow.types.TFloat32;
import org.tensorflow.types.TInt32;

/** TensorFlow: one graph whose outputs are fetched as asked. */
final class TensorFlowPeer implements Peer {

    private final Graph graph = new Graph();
    private final Session session;
    private final TFloat32 logits;
    private final TInt32 labels;
    private final Placeholder<TFloat32> x;
    private final Placeholder<TInt32> y;
    private final Operand<TFloat32> logSumExp;
    private final Operand<TFloat32> softmax;
    private final Operand<TFloat32> loss;
    private final Operand<TFloat32> gradient;

    TensorFlowPeer(float[] data, int rows, int columns, int[] targets) {
        logits = TFloat32.tensorOf(Shape.of(rows, columns), DataBuffers.of(data));
        labels = TInt32.tensorOf(Shape.of(rows), DataBuffers.of(targets));
        var tf = Ops.create(graph);
        x = tf.placeholder(TFloat32.class, Placeholder.shape(Shape.of(rows, columns)));
        y = tf.placeholder(TInt32.class, Placeholder.shape(Shape.of(rows)));
        // there is no such operation; this is what tf.reduce_logsumexp is made of
        var row = tf.constant(1);
        var max = tf.reduceMax(x, row, ReduceMax.keepDims(true));
        logSumExp = tf.math.add(tf.math.log(tf.reduceSum(tf.math.exp(tf.math.sub(x, max)), row)), tf.squeeze(max));
        softmax = tf.nn.softmax(x);
        var fused = SparseSoftmaxCrossEntropyWithLogits.create(tf.scope(), x, y);
        loss = tf.math.mean(fused.loss(), tf.constant(0));
        gradient = tf.math.mul(fused.backprop(), tf.constant(1f / rows));
        session = new Session(graph, ConfigProto.newBuilder().setIntraOpParallelismThreads(1).setInterOpParallelismThreads(1).build());
    }

    private Result run(Operand<?>... outputs) {
        var runner = session.runner().feed(x.asOutput(), logits).feed(y.asOutput(), labels);
        Arrays.stream(outputs).map(Operand::asOutput).forEach((Output<?> output) -> runner.fetch(output));
        return runner.run();
    }

    @Override
    public void logSumExp(float[] out) {
        try (var result = run(logSumExp)) {
            copy(result, 0, out);
        }
    }

    @Override
    public float loss() {
        try (var result = run(loss)) {
            return ((TFloat32) result.get(0)).getFloat();
        }
    }

    @Override
    public void softmax(float[] out) {
        try (var result = run(softmax)) {
            copy(result, 0, out);
        }
    }

    @Override
    public float lossAndGradient(float[] out) {
        try (var result = run(loss, gradient)) {
            copy(result, 1, out);
            return ((TFloat32) result.get(0)).getFloat();
        }
    }

    private static void copy(Result result, int index, float[] out) {
        if (out != null) {
            result.get(index).asRawTensor().data().asFloats().read(out);
        }
    }

    @Override
    public void close() {
        session.close();
        graph.close();
        logits.close();
        labels.close();
    }
}
