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
        for (int position : new int[] {0, 5, body / 2, body - 1}) {
            check(n, 3 * body + position, position, body + position);
            check(n, position, 2 * body + position, 3 * body + position);
        }
        if (tail > 2 * RowKernel.GRAIN) check(n, 4 * body + 2 * RowKernel.GRAIN, 4 * body, 4 * body + RowKernel.GRAIN);
    }

    /** One that holds little more than an eighth, of elements of which each is a third of it. */
    @ParameterizedTest
    @ValueSource(ints = {300, 2048, 5000, 20_001, 131_072})
    void oneThatIsHardlyHeavy(int n) {
        int body = ChunkElements.body(n);
        for (int position : new int[] {0, 5, body / 2, body - 1}) {
            float[] x = others(n);
            for (int i = 0; i < 6; i++) x[i % 4 * body + 20 + i] = 0;
            x[position] = SMALL;
            for (int s = 1; s < 4; s++) x[s * body + position] = -1;
            check(x, -1);
        }
    }

    private static void check(int n, int small, int... large) {
        float[] x = others(n);
        for (int i : large) x[i] = 0;
        x[small] = SMALL;
        for (int excluded : new int[] {-1, large[0], large[1], small}) check(x, excluded);
    }

    private static float[] others(int n) {
        float[] x = new float[n];
        Arrays.fill(x, OTHERS);
        return x;
    }

    private static void check(float[] x, int excluded) {
        int n = x.length;
        float[] k = Exp2.constants(1);
        double few = 0;
        double many = 0; // apart: each of so many additions to a larger sum would be rounded alike
        for (int i = 0; i < n; i++) {
            double term = i == excluded ? 0 : Exp2.term(x[i], 0, k);
            few += x[i] == OTHERS ? 0 : term;
            many += x[i] == OTHERS ? term : 0;
        }
        double expected = few + many;
        for (RowKernel kernel : KernelPair.all()) {
            String what = "of " + n + " without " + excluded + ", " + lanes(kernel);
            Rows rows = new Rows(x, 0, 1, n, n, 1);
            assertEquals(expected, sum(kernel, rows, excluded), 1e-12, () -> "sum " + what);
            Rows segment = new Rows(null, new Store(MemorySegment.ofArray(x), Store.Format.FLOAT32), 0, 1, n, n, 1);
            assertEquals(expected, sum(kernel, segment, excluded), 1e-12, () -> "sum of a segment " + what);
            float[] kept = x.clone();
            LogSum sum = new LogSum();
            assertTrue(chunk().keptRow().sum(kernel, new Rows(kept, 0, 1, n, n, 1), 0, null, excluded, kept, 0, false, sum), what);
            assertEquals(expected, sum.rest(), 1e-12, () -> "sum of kept terms " + what);
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
