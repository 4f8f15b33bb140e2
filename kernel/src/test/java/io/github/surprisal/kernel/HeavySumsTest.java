package io.github.surprisal.kernel;

import static io.github.surprisal.kernel.KernelPair.lanes;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Of a position with two large elements and a small one float additions lose the small one: it is added again, once, wherever the position is. */
class HeavySumsTest {
    private static final float SMALL = -16.5f;
    private static final float OTHERS = -25;

    @ParameterizedTest
    @ValueSource(ints = {300, 2048, 2049, 2111, 5000, 16_384, 20_001, 131_072})
    void whatTheyLackIsAddedOnce(int n) {
        int body = ChunkElements.body(n);
        int tail = n - 4 * body;
        for (int position : new int[] {0, 5, body / 2, body - 1}) check(n, position, body + position, 3 * body + position);
        if (tail > 2 * RowKernel.GRAIN) check(n, 4 * body, 4 * body + RowKernel.GRAIN, n - tail + 2 * RowKernel.GRAIN);
    }

    private static void check(int n, int large, int other, int small) {
        float[] x = new float[n];
        Arrays.fill(x, OTHERS);
        x[large] = x[other] = 0;
        x[small] = SMALL;
        double rest = Math.exp(SMALL) + (n - 3) * Math.exp(OTHERS);
        for (RowKernel kernel : KernelPair.all()) {
            String what = "of " + n + " with " + large + " and " + other + ", " + lanes(kernel);
            Rows rows = new Rows(x, 0, 1, n, n, 1);
            assertEquals(2 + rest, sum(kernel, rows, -1), 1e-12, () -> "sum " + what);
            assertEquals(1 + rest, sum(kernel, rows, large), 1e-12, () -> "sum without one " + what);
            Rows segment = new Rows(null, new Store(MemorySegment.ofArray(x), Store.Format.FLOAT32), 0, 1, n, n, 1);
            assertEquals(1 + rest, sum(kernel, segment, other), 1e-12, () -> "sum of a segment " + what);
            float[] kept = x.clone();
            LogSum sum = new LogSum();
            ChunkSum chunk = chunk();
            assertTrue(chunk.keptRow().sum(kernel, new Rows(kept, 0, 1, n, n, 1), 0, null, large, kept, 0, false, sum), what);
            assertEquals(1 + rest, sum.rest(), 1e-12, () -> "sum of kept terms " + what);
        }
    }

    private static ChunkSum chunk() {
        return ChunkSum.ofThread().withConstants(Exp2.constants(1)).withTopApart(ChunkSum.SUM_ONLY);
    }

    private static double sum(RowKernel kernel, Rows rows, int excluded) {
        LogSum sum = new LogSum();
        chunk().addRow(kernel, rows, 0, 0, rows.columns(), null, excluded, sum);
        assertEquals(0, sum.anchor()); // in units of 1
        return sum.rest();
    }
}
