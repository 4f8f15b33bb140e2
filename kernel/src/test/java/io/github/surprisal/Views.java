package io.github.surprisal;

import static io.github.surprisal.Thrown.illegal;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;

import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.function.Executable;

/** Two views of one array, and whether the second may be the output of a call whose input, to be written over, is the first. */
record Views(String name, boolean allowed, float[] data, Matrix input, Matrix output) {
    static final int ROWS = 4;
    static final int COLUMNS = 3;
    private static final int GAPS = 2 * COLUMNS;

    private static Views of(String name, boolean allowed, Function<float[], Matrix> input, Function<float[], Matrix> output) {
        float[] data = new float[40];
        return new Views(name, allowed, data, input.apply(data), output.apply(data));
    }

    /** Of ROWS x COLUMNS each. */
    static List<Views> all() {
        Function<float[], Matrix> x = data -> Matrix.of(data, ROWS, COLUMNS);
        Function<float[], Matrix> gaps = data -> Matrix.of(data, 0, ROWS, COLUMNS, GAPS);
        Function<float[], Matrix> classAxis = data -> Matrix.ofClassAxis(data, 2, COLUMNS, 2);
        return List.of(
                of("the same view", true, x, x),
                of("the same strided view", true, gaps, gaps),
                of("the same class axis", true, classAxis, classAxis),
                of("behind it", true, x, data -> Matrix.of(data, ROWS * COLUMNS, ROWS, COLUMNS, COLUMNS)),
                of("interleaved, disjoint columns", true, gaps, data -> Matrix.of(data, COLUMNS, ROWS, COLUMNS, GAPS)),
                of("shifted by one", false, x, data -> Matrix.of(data, 1, ROWS, COLUMNS, COLUMNS)),
                of("shifted by a row", false, x, data -> Matrix.of(data, COLUMNS, ROWS, COLUMNS, COLUMNS)),
                of("one element in common", false, x, data -> Matrix.of(data, ROWS * COLUMNS - 1, ROWS, COLUMNS, COLUMNS)),
                of("one column in common", false, gaps, data -> Matrix.of(data, COLUMNS - 1, ROWS, COLUMNS, GAPS)),
                of("one column in common, the next row's", false, gaps, data -> Matrix.of(data, COLUMNS + 1, ROWS, COLUMNS, GAPS)),
                of("another stride", false, x, gaps),
                of("strides that meet in one element", false, data -> Matrix.of(data, 0, ROWS, COLUMNS, 7), data -> Matrix.of(data, 3, ROWS, COLUMNS, 8)),
                of("class axis over rows", false, x, classAxis),
                of("another inner size", false, data -> Matrix.ofClassAxis(data, 1, COLUMNS, 4), classAxis));
    }

    /** The same for an input that must not be written over: its very own view is an overlap too. */
    static List<Views> allOfAnotherInput() {
        return all().stream().map(v -> new Views(v.name, v.allowed && !v.name.startsWith("the same"), v.data, v.input, v.output)).toList();
    }

    /** The call goes from input to output: either it may, or it names both and writes nothing. */
    void check(String inputName, String outputName, Executable call) {
        if (allowed) {
            assertDoesNotThrow(call, name);
        } else {
            float[] before = data.clone();
            illegal(call, outputName, inputName);
            assertArrayEquals(before, data, name);
        }
    }
}
