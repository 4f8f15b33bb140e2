package io.github.surprisal.kernel;

import static io.github.surprisal.kernel.KernelPair.SCALAR;
import static io.github.surprisal.kernel.KernelPair.assertBits;
import static io.github.surprisal.kernel.KernelPair.lanes;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.surprisal.oracle.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A row's bits do not depend on the rows before it on its thread, nor on those beside it in a group. */
class HistoryTest {
    private static final long SEED = 20250703;
    private static final int GROUP = 8;
    /** Rows of up to so many columns are taken a group at a time. */
    private static final int ONE_BLOCK = 4 * RowKernel.BLOCK;
    private static final int MAX_COLUMNS = ONE_BLOCK + 52;
    private static final float[] NORMAL_3 = Shape.NORMAL_3.fill(MAX_COLUMNS + 20 * 37, SEED);

    private static List<RowKernel> kernels;
    private static List<Row> rows;

    /** A row and its result alone: on the scalar kernel and a ChunkSum that has seen nothing. */
    private record Row(String name, float[] x, float alone) {
        static Row of(String name, float... x) throws Exception {
            return new Row(name, x, onNewThread(() -> ChunkSum.ofThread().withConstants(Exp2.constants(1)).lse(SCALAR, x, 0, x.length)));
        }
    }

    @BeforeAll
    static void makeRows() throws Exception {
        kernels = KernelPair.all();
        rows = new ArrayList<>();
        for (Shape shape : Shape.values()) {
            for (int n : new int[] {1, 7, 64, 300, 2049, 4500}) rows.add(Row.of(shape + ", n " + n, shape.fill(n, SEED)));
        }
        float[] constants = {
            Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY, Float.NaN, -1e9f, -3e38f, 3e38f, -8e6f, 0x1p20f, -0x1p20f,
            0x1.000002p20f, -0x1.000002p20f, 0x1p22f, -0x1p22f, 38.9f, -27.8f, 100f, -100f, 1e5f, -1e5f
        };
        for (float c : constants) {
            float[] filled = new float[100];
            Arrays.fill(filled, c);
            rows.add(Row.of("100 x " + c, filled));
            float[] one = Shape.NORMAL_3.fill(200, SEED);
            one[150] = c;
            rows.add(Row.of(c + " in NORMAL_3", one));
            float[] late = Shape.NORMAL_3.fill(5000, SEED);
            late[1200] = c; // in the last block but one of its stream
            rows.add(Row.of(c + " late in NORMAL_3", late));
        }
        Row chunks = Row.of("three chunks, masked in the second", chunks());
        rows.add(chunks);
    }

    private static float[] chunks() {
        float[] x = Shape.NORMAL_3.fill(2 * ChunkSum.CHUNK + 50, SEED);
        Arrays.fill(x, ChunkSum.CHUNK + 5000, ChunkSum.CHUNK + 90000, Float.NEGATIVE_INFINITY);
        for (int i = 0; i < 1000; i++) x[i] += 300;
        return x;
    }

    private static <T> T onNewThread(Callable<T> work) throws Exception {
        FutureTask<T> task = new FutureTask<>(work);
        Thread.ofPlatform().start(task);
        return task.get();
    }

    /** As a StackOverflowError or an OutOfMemoryError may, anywhere. */
    @Test
    void rowsAfterOneThatWasCutShort() throws Exception {
        RowKernel throwing = new FakeKernel(FakeKernel.Fault.NONE, 1) {
            @Override
            public void sumFolded(float[] x, int from, int step, int stream, int n, int positions, int count, int e, float[] k,
                    float[] partials, boolean stay, int[] patched, float[] patches, double[] sums, int[] tops) {
                throw new StackOverflowError("made by the test");
            }
        };
        for (RowKernel kernel : kernels) {
            // In the blocks of the first call, but not in the first of them, which the next call patches anew.
            for (int excluded = 600; excluded < 2000; excluded += 100) {
                int y = excluded;
                onNewThread(() -> {
                    Row row = rows.getLast();
                    ChunkSum sum = ChunkSum.ofThread().withConstants(Exp2.constants(1));
                    Rows one = new Rows(row.x, 0, 1, row.x.length, row.x.length, 1);
                    assertThrows(StackOverflowError.class, () -> sum.addRow(throwing, one, 0, 0, row.x.length, null, y, new LogSum()));
                    assertBits(row.alone, lse(kernel, row), () -> lanes(kernel) + ": " + row.name + " after an error without element " + y);
                    return null;
                });
            }
        }
    }

    @Test
    void everyRowAfterEveryOther() throws Exception {
        List<Row> shorter = rows.stream().filter(row -> row.x.length <= 300).toList();
        for (RowKernel kernel : kernels) {
            onNewThread(() -> {
                for (Row before : shorter) {
                    for (Row row : shorter) {
                        lse(kernel, before);
                        assertBits(row.alone, lse(kernel, row), () -> lanes(kernel) + ": " + row.name + " after " + before.name);
                    }
                }
                return null;
            });
        }
    }

    @Test
    void rowsInShuffledOrders() throws Exception {
        for (RowKernel kernel : kernels) {
            for (int turn = 0; turn < 8; turn++) {
                List<Row> shuffled = new ArrayList<>(rows);
                long seed = SEED + turn;
                Collections.shuffle(shuffled, new Random(seed));
                onNewThread(() -> {
                    for (Row row : shuffled) {
                        assertBits(row.alone, lse(kernel, row), () -> lanes(kernel) + ": " + row.name + " in the order of seed " + seed);
                    }
                    return null;
                });
            }
        }
    }

    @Test
    void kernelsMayChangeBetweenRows() throws Exception {
        onNewThread(() -> {
            for (int i = 0; i < 4 * rows.size(); i++) {
                Row row = rows.get(i % rows.size());
                RowKernel kernel = kernels.get(i / 3 % kernels.size());
                assertBits(row.alone, lse(kernel, row), () -> lanes(kernel) + ": " + row.name);
            }
            return null;
        });
    }

    private static float lse(RowKernel kernel, Row row) {
        return ChunkSum.ofThread().withConstants(Exp2.constants(1)).lse(kernel, row.x, 0, row.x.length);
    }

    @Test
    void groupedRowsOfEveryCount() {
        int[] columns = {
            0, 1, 2, 15, 16, 17, 47, 48, 49, 63, 64, 65, 100, 127, 128, 255, 256, 300, 1000, 1023, 1024, 1025,
            1900, 2000, 2033, 2047, 2048, 2049, ONE_BLOCK - 17, ONE_BLOCK - 1, ONE_BLOCK, ONE_BLOCK + 1, MAX_COLUMNS
        };
        for (int c : columns) {
            for (int count = 1; count <= 20; count++) assertGroup(matrix(count, c, count), "NORMAL_3 rows");
        }
    }

    @Test
    void groupedRowsOfEveryNumberOfColumns() {
        for (int c = 0; c <= MAX_COLUMNS; c++) assertGroup(matrix(5 + c % 7, c, c), "NORMAL_3 rows");
    }

    @Test
    void anUnusualRowAtEachPlaceOfAGroup() {
        for (int c : new int[] {1, 3, 64, 67, 1000, 2048, ONE_BLOCK}) {
            for (Shape shape : Shape.values()) {
                float[] unusual = shape.fill(c, SEED);
                for (int place = 0; place < GROUP; place++) {
                    assertGroup(matrix(GROUP + 1, c, place).with(place, unusual), shape + " at place " + place);
                }
            }
            for (float special : KernelPair.SPECIALS) {
                int place = Math.floorMod(Float.floatToRawIntBits(special) * 31, GROUP);
                float[] unusual = Shape.NORMAL_3.fill(c, SEED);
                unusual[c * 2 / 3] = special;
                assertGroup(matrix(GROUP + 1, c, place).with(place, unusual), special + " in the row at place " + place);
                Arrays.fill(unusual, special);
                assertGroup(matrix(GROUP + 1, c, place).with(place, unusual), "a row of " + special + " at place " + place);
            }
        }
    }

    @Test
    void groupsOfRandomShapes() {
        Random random = new Random(SEED);
        Shape[] shapes = Shape.values();
        for (int turn = 0; turn < 300; turn++) {
            int c = 1 + random.nextInt(turn % 2 == 0 ? 130 : MAX_COLUMNS);
            Grid grid = matrix(17, c, turn);
            for (int r = 0; r < 17; r++) grid.with(r, shapes[random.nextInt(shapes.length)].fill(c, SEED + r));
            assertGroup(grid, "rows of random shapes, turn " + turn);
        }
    }

    /** Rows with sentinels before, between and behind them. */
    private record Grid(float[] x, int from, int rowStride, int rows, int columns) {
        Grid with(int row, float[] values) {
            System.arraycopy(values, 0, x, from + row * rowStride, columns);
            return this;
        }
    }

    private static Grid matrix(int rows, int columns, int offset) {
        int from = offset % 18;
        int rowStride = columns + 1 + offset % 3;
        float[] x = new float[from + rows * rowStride + RowKernel.GRAIN];
        Arrays.fill(x, offset % 2 == 0 ? Float.NaN : Float.POSITIVE_INFINITY);
        Grid grid = new Grid(x, from, rowStride, rows, columns);
        for (int r = 0; r < rows; r++) System.arraycopy(NORMAL_3, r * 37, x, from + r * rowStride, columns);
        return grid;
    }

    private static void assertGroup(Grid grid, String what) {
        float[] alone = new float[grid.rows];
        float[] grouped = new float[grid.rows + 2];
        for (int r = 0; r < grid.rows; r++) {
            alone[r] = ChunkSum.ofThread().withConstants(Exp2.constants(1)).lse(SCALAR, grid.x, grid.from + r * grid.rowStride, grid.columns);
        }
        for (RowKernel kernel : kernels) {
            Arrays.fill(grouped, -7f);
            RowBatch.ofThread().withConstants(Exp2.constants(1));
            BatchLogs.ofThread().lse(kernel, new Rows(grid.x, grid.from, grid.rows, grid.columns, grid.rowStride, 1), 0, grid.rows, grouped, 0);
            for (int i = 0; i < grouped.length; i++) {
                int r = i;
                assertBits(r < grid.rows ? alone[r] : -7f, grouped[i],
                        () -> lanes(kernel) + ", " + what + ", row " + r + " of " + grid.rows + " x " + grid.columns + ", seed " + SEED);
            }
        }
    }

    /** As KeptTermsTest has it where vectors have 16 lanes; here on every host. */
    @Test
    void nothingIsKnownOfTheRowsOfAnotherCall() throws Exception {
        RowKernel wide = new FakeKernel(FakeKernel.Fault.NONE, RowKernel.GRAIN);
        int n = 40_000; // more than SoftmaxRows keeps elsewhere
        for (boolean softmax : new boolean[] {false, true}) {
            float[] x = Shape.NORMAL_3.fill(2 * n, SEED);
            x[2 * n - 7] = 300;
            float[] expected = onNewThread(() -> second(SCALAR, softmax, x.clone(), n));
            float[] actual = onNewThread(() -> {
                gradientInPlace(wide, Shape.NORMAL_3.fill(2 * n, SEED), n, 0, -1); // looks at the second row, which then is ignored
                return second(wide, softmax, x.clone(), n);
            });
            for (int i = n; i < 2 * n; i++) assertBits(expected[i], actual[i], () -> softmax ? "softmax" : "loss");
        }
    }

    private static float[] second(RowKernel kernel, boolean softmax, float[] x, int n) {
        Rows row = new Rows(x, n, 1, n, n, 1);
        if (softmax) SoftmaxRows.ofThread().run(kernel, row, row, false, 0, 1);
        else gradientInPlace(kernel, x, n, -1, 0);
        return x;
    }

    private static void gradientInPlace(RowKernel kernel, float[] x, int n, int... targets) {
        Rows rows = new Rows(x, 0, 2, n, n, 1);
        LossCall call = new LossCall().start(kernel, LossOptions.of(null, 0, 0, 0, 1), rows, null, rows);
        call.withTargets(targets, null, -1);
        call.run();
    }

    /** What follows is not written to where the terms of that row were being kept. */
    @Test
    void rowsAfterOneWhoseTermsWereBeingKept() throws Exception {
        RowKernel throwing = new FakeKernel(FakeKernel.Fault.NONE, 1) {
            @Override
            public boolean sumKept(float[] x, int from, int step, int stream, int n, int count, int e, float[] k,
                    float[] partials, int to, int[] tops, int topsFrom, float[] out, int outFrom, int outStep, int ahead) {
                throw new StackOverflowError("made by the test");
            }
        };
        for (RowKernel kernel : kernels) {
            onNewThread(() -> {
                float[] x = Shape.NORMAL_3.fill(5000, SEED);
                float[] out = new float[5000];
                ChunkSum sum = ChunkSum.ofThread().withConstants(Exp2.constants(1));
                Rows one = new Rows(x, 0, 1, x.length, x.length, 1);
                assertThrows(StackOverflowError.class, () -> sum.keptRow().sum(throwing, one, 0, null, -1, out, 0, false, new LogSum()));
                sum.lse(kernel, x, 0, x.length);
                assertArrayEquals(new float[5000], out, () -> lanes(kernel));
                return null;
            });
        }
    }
}
