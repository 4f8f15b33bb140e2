package io.github.surprisal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.surprisal.oracle.DoubleDouble;
import io.github.surprisal.oracle.Oracle;
import io.github.surprisal.oracle.Shape;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The special values of {@link LogSumExp}, whichever way the row is handed over, and what holds between results. */
class LogSumExpSemanticsTest {
    private static final float NEGATIVE = Float.NEGATIVE_INFINITY;
    private static final float POSITIVE = Float.POSITIVE_INFINITY;
    private static final int CANONICAL_NAN = 0x7fc00000;
    private static final int[] NANS = {0x7fc00000, 0xffc00000, 0x7f800001, 0xff800001, 0x7fffffff, 0xffffffff, 0x7fa5a5a5, 0xffd12345};

    /** Around the grain of 16, its fourfold, the block of 2048 and the chunk of 131072. */
    private static final int[] LENGTHS = {1, 2, 3, 15, 16, 17, 48, 49, 63, 64, 65, 300, 2047, 2048, 2049, 4500, 131072, 131073};

    @Test
    void emptyIsMinusInfinity() {
        assertEquals(NEGATIVE, EveryWay.check(new float[0], "empty"));
        assertEquals(NEGATIVE, LogSumExp.of());
        assertEquals(NEGATIVE, LogSumExp.of(new float[] {1, 2}, 2, 2));
        LogSumExp.ofRows(Matrix.of(new float[0], 0, 5), new float[0]);
        LogSumExp.ofRows(Matrix.ofClassAxis(new float[0], 3, 5, 0), new float[0]);
    }

    @Test
    void allMinusInfinity() {
        for (int n : LENGTHS) {
            float[] x = new float[n];
            Arrays.fill(x, NEGATIVE);
            assertEquals(NEGATIVE, EveryWay.check(x, n + " times -inf"));
        }
    }

    @Test
    void plusInfinityBeatsNumbers() {
        for (int n : LENGTHS) {
            for (float others : new float[] {0, NEGATIVE, 3e38f, -3e38f, -1e9f}) {
                for (int at : new int[] {0, n / 2, n - 1}) {
                    float[] x = new float[n];
                    Arrays.fill(x, others);
                    x[at] = POSITIVE;
                    assertEquals(POSITIVE, LogSumExp.of(x), () -> "+inf at " + at + " of " + n + " times " + others);
                    if (n <= 2049) EveryWay.check(x, "+inf at " + at + " of " + n + " times " + others);
                }
            }
        }
    }

    /** Whatever the NaN's sign and payload, and whatever is beside it: the canonical NaN. */
    @Test
    void nanBeatsEverything() {
        for (int n : LENGTHS) {
            for (int nan : NANS) {
                for (float others : new float[] {0, NEGATIVE, POSITIVE, 3e38f, -1e9f}) {
                    for (int at : new int[] {0, n / 2, n - 1}) {
                        float[] x = new float[n];
                        Arrays.fill(x, others);
                        x[at] = Float.intBitsToFloat(nan);
                        String what = Integer.toHexString(nan) + " at " + at + " of " + n + " times " + others;
                        assertEquals(CANONICAL_NAN, Float.floatToRawIntBits(LogSumExp.of(x)), what);
                        if (n <= 65 && at == n - 1) EveryWay.check(x, what);
                    }
                }
            }
        }
    }

    @Test
    void infinitiesAndNanInDifferentChunks() {
        float[] x = new float[300_000];
        x[290_000] = NEGATIVE;
        x[10] = POSITIVE;
        assertEquals(POSITIVE, EveryWay.check(x, "+inf in the first chunk"));
        x[150_000] = Float.NaN;
        assertEquals(Float.NaN, EveryWay.check(x, "+inf, then NaN"));
        x[10] = Float.NaN;
        x[150_000] = POSITIVE;
        assertEquals(Float.NaN, EveryWay.check(x, "NaN, then +inf"));
    }

    @ParameterizedTest
    @EnumSource
    void everyWayGivesTheSameBits(Shape shape) {
        for (int n : new int[] {1, 2, 3, 5, 16, 17, 31, 48, 49, 64, 100, 257, 1000, 2048, 2050, 5000}) {
            EveryWay.check(shape.fill(n, n), shape + ", n and seed " + n);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"NORMAL", "MASKED", "HUGE", "DOMINANT_ZERO", "ASCENDING"})
    void everyWayGivesTheSameBitsBeyondOneChunk(Shape shape) {
        EveryWay.check(shape.fill(131071, 1), shape + ", n 131071, seed 1");
        EveryWay.check(shape.fill(131089, 2), shape + ", n 131089, seed 2");
    }

    /** The order may change bits, but not leave the contract. */
    @ParameterizedTest
    @EnumSource
    void permutationsStayWithinTheContract(Shape shape) {
        for (int n : new int[] {2, 3, 50, 1000, 10_000}) {
            float[] x = shape.fill(n, 77);
            DoubleDouble exact = Oracle.logSumExp(x, 0, n);
            SplittableRandom random = new SplittableRandom(n);
            for (int round = 0; round < 3; round++) {
                for (int i = n - 1; i > 0; i--) {
                    int j = random.nextInt(i + 1);
                    float swap = x[i];
                    x[i] = x[j];
                    x[j] = swap;
                }
                int shuffle = round + 1;
                Contract.check(LogSumExp.of(x), exact, Contract.bound(shape), () -> shape + ", n " + n + ", seed 77, shuffle " + shuffle);
            }
        }
    }

    /** Multiples of 2^-10 up to 8 have room for + 1024 in a float, so the exact result moves by 1024. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 100, 2048, 50257})
    void addingAConstantToAllShiftsTheResult(int n) {
        SplittableRandom random = new SplittableRandom(n);
        float[] x = new float[n];
        for (int i = 0; i < n; i++) x[i] = random.nextInt(-8 << 10, 8 << 10) * 0x1p-10f;
        DoubleDouble exact = Oracle.logSumExp(x, 0, n);
        for (float shift : new float[] {1024, -1024}) {
            float[] shifted = new float[n];
            for (int i = 0; i < n; i++) shifted[i] = x[i] + shift;
            Contract.check(LogSumExp.of(shifted), exact.add(DoubleDouble.of(shift)), Contract.BOUND, () -> "n and seed " + n + ", shift " + shift);
        }
    }

    /** Rows of all shapes and special values in one matrix, in several orders: each row has its own bits. */
    @ParameterizedTest
    @ValueSource(ints = {1, 5, 64, 100, 1000, 2048, 2049, 3000})
    void rowsDoNotDependOnTheirBatch(int columns) {
        Shape[] shapes = Shape.values();
        int rows = 3 * shapes.length;
        float[][] all = new float[rows][];
        for (int r = 0; r < rows; r++) {
            all[r] = shapes[r % shapes.length].fill(columns, r);
            if (r % 17 == 5) all[r][r % columns] = Float.NaN;
            if (r % 17 == 9) all[r][r % columns] = POSITIVE;
        }
        SplittableRandom random = new SplittableRandom(columns);
        for (int round = 0; round < 5; round++) {
            float[] data = new float[rows * columns];
            int[] order = order(rows, random);
            for (int r = 0; r < rows; r++) System.arraycopy(all[order[r]], 0, data, r * columns, columns);
            float[] out = new float[rows];
            LogSumExp.ofRows(Matrix.of(data, rows, columns), out);
            for (int r = 0; r < rows; r++) {
                int row = order[r];
                int batch = round;
                assertEquals(Float.floatToRawIntBits(LogSumExp.of(all[row])), Float.floatToRawIntBits(out[r]),
                        () -> shapes[row % shapes.length] + ", n and seed " + columns + ", batch " + batch + ", row " + row);
            }
        }
    }

    private static int[] order(int n, SplittableRandom random) {
        int[] order = new int[n];
        for (int i = 0; i < n; i++) {
            int j = random.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        return order;
    }

    /** What came before on the same thread sets expectations in the kernel; it must not set bits. */
    @Test
    void callsDoNotDependOnEarlierCalls() {
        Shape[] shapes = Shape.values();
        int[] lengths = {1, 33, 700, 4100};
        int[] fresh = new int[shapes.length * lengths.length];
        for (int i = 0; i < fresh.length; i++) fresh[i] = onNewThread(row(shapes, lengths, i));
        SplittableRandom random = new SplittableRandom(11);
        for (int round = 0; round < 4000; round++) {
            int i = random.nextInt(fresh.length);
            int call = round;
            assertEquals(fresh[i], Float.floatToRawIntBits(LogSumExp.of(row(shapes, lengths, i))), () -> "call " + call + " of seed 11, row " + i);
        }
    }

    /** Two outcomes, and beside a mask: usual rows, and in one batch with them those that are done alone. */
    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void pairsAloneAndTogether(int columns) {
        float[] values = {0, -0f, 1, -0.7f, 20, -1e9f, 3e38f, -3e38f, NEGATIVE, POSITIVE, Float.NaN, Float.intBitsToFloat(NANS[1]), 100, 101, 1e6f, 1e6f + 1};
        int rows = values.length * values.length;
        float[] x = new float[columns * rows];
        Arrays.fill(x, -1e9f);
        for (int r = 0; r < rows; r++) {
            x[columns * r] = values[r / values.length];
            x[columns * r + 1] = values[r % values.length];
        }
        float[] sums = new float[rows];
        float[] logs = new float[columns * rows];
        LogSumExp.ofRows(Matrix.of(x, rows, columns), sums);
        Softmax.logSoftmax(Matrix.of(x, rows, columns), Matrix.of(logs, rows, columns));
        for (int r = 0; r < rows; r++) {
            float[] row = Arrays.copyOfRange(x, columns * r, columns * (r + 1));
            float[] alone = new float[columns];
            String what = Arrays.toString(row);
            assertEquals(Oracle.logSumExp(row, 0, columns).toFloat() + 0f, sums[r] + 0f, what); // + 0: the oracle knows no -0
            assertEquals(Float.floatToRawIntBits(LogSumExp.of(row)), Float.floatToRawIntBits(sums[r]), what);
            Softmax.logSoftmax(row, alone);
            for (int c = 0; c < columns; c++) assertEquals(Float.floatToRawIntBits(alone[c]), Float.floatToRawIntBits(logs[columns * r + c]), what);
        }
    }

    private static float[] row(Shape[] shapes, int[] lengths, int i) {
        return shapes[i % shapes.length].fill(lengths[i / shapes.length], i);
    }

    private static int onNewThread(float[] row) {
        int[] bits = new int[1];
        Thread thread = Thread.ofPlatform().start(() -> bits[0] = Float.floatToRawIntBits(LogSumExp.of(row)));
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        return bits[0];
    }
}
