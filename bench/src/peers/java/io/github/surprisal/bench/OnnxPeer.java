package io.github.surprisal.bench;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.github.surprisal.bench.OnnxModel.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** ONNX Runtime: a session of one operator each; inputs and outputs are direct buffers that it uses in place. */
final class OnnxPeer implements Peer {

    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
    private final OnnxTensor logits;
    private final OnnxTensor labels;
    private final Operator logSumExp;
    private final Operator softmax;
    private final Operator loss;

    OnnxPeer(float[] x, int rows, int columns, int[] targets) throws OrtException {
        logits = tensor(x.length, rows, columns);
        logits.getBufferRef().map(FloatBuffer.class::cast).orElseThrow().put(x).rewind();
        var classes = ByteBuffer.allocateDirect(rows * Long.BYTES).order(ByteOrder.nativeOrder()).asLongBuffer();
        classes.put(Arrays.stream(targets).asLongStream().toArray()).rewind();
        labels = OnnxTensor.createTensor(environment, classes, new long[] {rows});
        var input = new Tensor("x", OnnxModel.FLOAT, rows, columns);
        logSumExp = new Operator(OnnxModel.of("ReduceLogSumExp", List.of(input), new Tensor("y", OnnxModel.FLOAT, rows),
                Map.of("axes", 1L), Map.of("keepdims", 0L)), Map.of("x", logits), tensor(rows, rows));
        softmax = new Operator(OnnxModel.of("Softmax", List.of(input), new Tensor("y", OnnxModel.FLOAT, rows, columns),
                Map.of(), Map.of("axis", -1L)), Map.of("x", logits), tensor(x.length, rows, columns));
        loss = new Operator(OnnxModel.of("SoftmaxCrossEntropyLoss", List.of(input, new Tensor("labels", OnnxModel.INT64, rows)),
                new Tensor("y", OnnxModel.FLOAT), Map.of(), Map.of()), Map.of("x", logits, "labels", labels), tensor(1));
    }

    private OnnxTensor tensor(int elements, long... sizes) throws OrtException {
        FloatBuffer buffer = ByteBuffer.allocateDirect(elements * Float.BYTES).order(ByteOrder.nativeOrder()).asFloatBuffer();
        return OnnxTensor.createTensor(environment, buffer, sizes);
    }

    @Override
    public void logSumExp(float[] out) {
        logSumExp.run().get(out);
    }

    @Override
    public float loss() {
        return loss.run().get();
    }

    @Override
    public void softmax(float[] out) {
        var probabilities = softmax.run();
        if (out != null) {
            probabilities.get(out);
        }
    }

    @Override
    public float lossAndGradient(float[] out) {
        throw new UnsupportedOperationException("the published build of ONNX Runtime has no training");
    }

    @Override
    public void close() {
        List.of(logSumExp, softmax, loss).forEach(Operator::close);
        logits.close();
        labels.close();
    }

    private final class Operator implements AutoCloseable {

        private final OrtSession session;
        private final Map<String, OnnxTensor> inputs;
        private final OnnxTensor output;

        Operator(byte[] model, Map<String, OnnxTensor> inputs, OnnxTensor output) throws OrtException {
            try (var options = new OrtSession.SessionOptions()) {
                options.setIntraOpNumThreads(1);
                options.setInterOpNumThreads(1);
                options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
                this.session = environment.createSession(model, options);
            }
            this.inputs = inputs;
            this.output = output;
        }

        FloatBuffer run() {
            try (var _ = session.run(inputs, Map.of("y", output))) {
                return output.getBufferRef().map(FloatBuffer.class::cast).orElseThrow().rewind();
            } catch (OrtException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public void close() {
            try {
                session.close();
            } catch (OrtException e) {
                throw new IllegalStateException(e);
            }
            output.close();
        }
    }
}
