package io.github.surprisal.conformance;

import io.github.surprisal.Matrix;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The cases of one conformance suite, read from the test resources; ATTRIBUTION.md beside them says whose they are. */
final class Suite {
    private final List<Case> cases;

    private Suite(List<Case> cases) {
        this.cases = cases;
    }

    /** Reads conformance/name. */
    static Suite read(String name) {
        try (InputStream manifest = open(name + "/manifest.json"); ZipInputStream zip = new ZipInputStream(open(name + "/arrays.zip"))) {
            Map<String, byte[]> files = new HashMap<>();
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) files.put(entry.getName(), zip.readAllBytes());
            JsonNode cases = JsonMapper.shared().readTree(manifest).required("cases");
            return new Suite(cases.valueStream().map(options -> new Case(options, files)).toList());
        } catch (IOException e) {
            throw new AssertionError("conformance/" + name + " cannot be read", e);
        }
    }

    private static InputStream open(String file) throws IOException {
        InputStream stream = Suite.class.getResourceAsStream("/conformance/" + file);
        if (stream == null) throw new IOException("there is no test resource conformance/" + file);
        return stream;
    }

    List<Case> cases() {
        return cases;
    }

    /** One case: its node of the manifest, and all files of the suite. */
    record Case(JsonNode options, Map<String, byte[]> files) {
        String operator() {
            return options.required("op").stringValue();
        }

        /** The array that a "file" node names. */
        Tensor tensor(JsonNode node) {
            int[] shape = node.required("shape").valueStream().mapToInt(JsonNode::intValue).toArray();
            String file = node.required("file").stringValue();
            byte[] bytes = files.get(file);
            if (bytes == null) throw new AssertionError("arrays.zip has no " + file);
            Tensor tensor = new Tensor(shape, values(node.required("dtype").stringValue(), ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN)));
            if (tensor.values.length != size(shape, 0, shape.length)) throw new AssertionError(file + " does not have the shape " + Arrays.toString(shape));
            return tensor;
        }

        private static double[] values(String type, ByteBuffer bytes) {
            double[] values = new double[bytes.remaining() / (type.equals("float32") ? 4 : 8)];
            for (int i = 0; i < values.length; i++) {
                values[i] = switch (type) {
                    case "float32" -> bytes.getFloat();
                    case "float64" -> bytes.getDouble();
                    case "int64" -> bytes.getLong(); // class indices and axes: far below 2^53
                    default -> throw new AssertionError("unknown type " + type);
                };
            }
            return values;
        }

        @Override
        public String toString() {
            return options.required("name").stringValue();
        }
    }

    /** Values in row-major order. */
    record Tensor(int[] shape, double[] values) {
        /** (N, C, d1..dk) with the class axis anywhere. */
        Matrix matrix(float[] data, int axis) {
            int inner = size(shape, axis + 1, shape.length);
            return inner == 1
                    ? Matrix.of(data, size(shape, 0, axis), shape[axis])
                    : Matrix.ofClassAxis(data, size(shape, 0, axis), shape[axis], inner);
        }

        float[] floats() {
            float[] floats = new float[values.length];
            for (int i = 0; i < floats.length; i++) floats[i] = (float) values[i];
            return floats;
        }

        int[] ints() {
            return Arrays.stream(values).mapToInt(value -> (int) value).toArray();
        }

        long[] longs() {
            return Arrays.stream(values).mapToLong(value -> (long) value).toArray();
        }

        double[][] rows(int axis) {
            int inner = size(shape, axis + 1, shape.length);
            double[][] rows = new double[size(shape, 0, axis) * inner][shape[axis]];
            for (int r = 0; r < rows.length; r++) {
                for (int c = 0; c < shape[axis]; c++) rows[r][c] = values[(r / inner * shape[axis] + c) * inner + r % inner];
            }
            return rows;
        }
    }

    static int size(int[] shape, int from, int to) {
        return Arrays.stream(shape, from, to).reduce(1, Math::multiplyExact);
    }

    /** |expected - actual| <= tolerance; infinities and NaN must be met. */
    static void assertNear(double expected, float actual, double tolerance, String what) {
        if (Double.isFinite(expected) ? !(Math.abs(expected - actual) <= tolerance) : Double.compare(expected, actual) != 0) {
            throw new AssertionError(what + ": expected " + expected + " +- " + tolerance + ", was " + actual);
        }
    }
}
