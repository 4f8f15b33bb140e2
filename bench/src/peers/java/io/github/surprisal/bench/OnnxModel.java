package io.github.surprisal.bench;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * Writes an ONNX model of a single operator, in the protocol buffer encoding: a field is its number and wire type, then a varint, or
 * a length and that many bytes. The numbers are those of onnx.proto.
 */
final class OnnxModel {

    private static final int VARINT = 0;
    private static final int BYTES = 2;

    static final int FLOAT = 1;
    static final int INT64 = 7;

    private static final int IR_VERSION = 8;
    private static final int OPERATOR_SET = 13;
    private static final int ATTRIBUTE_INT = 2;
    private static final int ATTRIBUTE_INTS = 7;

    /** A named tensor: its element type and its size in each dimension. */
    record Tensor(String name, int type, long... sizes) {
    }

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    private OnnxModel() {
    }

    /** {@code lists} and {@code numbers} are the operator's attributes. */
    static byte[] of(String operator, List<Tensor> inputs, Tensor output, Map<String, Long> lists, Map<String, Long> numbers) {
        var node = new OnnxModel();
        inputs.forEach(input -> node.text(1, input.name()));
        node.text(2, output.name()).text(4, operator);
        lists.forEach((name, value) -> node.message(5, new OnnxModel().text(1, name).number(8, value).number(20, ATTRIBUTE_INTS)));
        numbers.forEach((name, value) -> node.message(5, new OnnxModel().text(1, name).number(3, value).number(20, ATTRIBUTE_INT)));
        var graph = new OnnxModel().message(1, node).text(2, operator);
        inputs.forEach(input -> graph.message(11, value(input)));
        graph.message(12, value(output));
        return new OnnxModel().number(1, IR_VERSION).message(7, graph)
                .message(8, new OnnxModel().text(1, "").number(2, OPERATOR_SET)).bytes.toByteArray();
    }

    private static OnnxModel value(Tensor tensor) {
        var shape = new OnnxModel();
        for (long size : tensor.sizes()) {
            shape.message(1, new OnnxModel().number(1, size));
        }
        return new OnnxModel().text(1, tensor.name())
                .message(2, new OnnxModel().message(1, new OnnxModel().number(1, tensor.type()).message(2, shape)));
    }

    private OnnxModel number(int field, long value) {
        varint((long) field << 3 | VARINT);
        varint(value);
        return this;
    }

    private OnnxModel text(int field, String value) {
        return bytes(field, value.getBytes(StandardCharsets.UTF_8));
    }

    private OnnxModel message(int field, OnnxModel value) {
        return bytes(field, value.bytes.toByteArray());
    }

    private OnnxModel bytes(int field, byte[] value) {
        varint((long) field << 3 | BYTES);
        varint(value.length);
        bytes.writeBytes(value);
        return this;
    }

    // seven bits a byte, the lowest first, the top bit set on all but the last
    private void varint(long value) {
        for (; (value & ~0x7F) != 0; value >>>= 7) {
            bytes.write((int) (value & 0x7F | 0x80));
        }
        bytes.write((int) value);
    }
}
