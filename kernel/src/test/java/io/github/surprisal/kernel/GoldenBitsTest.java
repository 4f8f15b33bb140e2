package io.github.surprisal.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * Results of the frozen shape to the bit: not right or wrong, but never to change unnoticed. Log-sum-exp is taken before
 * its rounding to float, where a changed order of additions shows. A release that changes these lines says so in its notes.
 */
class GoldenBitsTest {
    private static final long SEED = 20250707;

    /** Length, scale and centre of a row, and its log-sum-exp. */
    private static final String ROWS = """
            2 3 0 -0x1.d7792d2a6893ep-2
            17 3 0 0x1.5cf565ade9e45p2
            64 3 0 0x1.90889a487de07p2
            300 0 1.25 0x1.bd0ac583b8c2cp2
            1000 3 0 0x1.06b41ee655b7ap3
            2048 3 0 0x1.1d53577408e35p3
            2049 3 0 0x1.1d538c00ae2b4p3
            4096 3 0 0x1.380b26afe4c0ap3
            4097 30 0 0x1.b8d42d7c21805p5
            50257 3 0 0x1.878802450af07p3
            50257 100 0 0x1.6f787eb121505p7
            131072 3 0 0x1.a601fdcd7ee16p3
            131073 3 0 0x1.a6020149447b1p3
            400000 3 1e4 0x1.38f267fb2dadbp13
            400000 100 -1e6 -0x1.e8303d15d64f5p19
            5000 1e6 -3e6 -0x1.1dd6a2p20
            30 6 -4.5 0x1.8bd530592f578p2
            """;

    /** An element and its term at e = 0. */
    private static final String TERMS = """
            -80 0x1.7fd974p-116
            -1.5 0x1.c8f878p-3
            -0.34 0x1.6c6d28p-1
            1e-3 0x1.004192p0
            0.35 0x1.6b4802p0
            1 0x1.5bf0a8p1
            37.7 0x1.4f5e62p54
            85 0x1.8bec76p122
            """;

    @Test
    void logSumExp() {
        for (RowKernel kernel : KernelPair.all()) {
            StringBuilder actual = new StringBuilder();
            for (String line : ROWS.lines().toList()) {
                String[] words = line.split(" ");
                float[] x = row(Integer.parseInt(words[0]), Double.parseDouble(words[1]), Double.parseDouble(words[2]));
                LogSum sum = new LogSum();
                ChunkSum.ofThread().withConstants(Exp2.constants(1)).add(kernel, x, 0, x.length, sum);
                actual.append(String.format("%s %s %s %s\n", words[0], words[1], words[2], Double.toHexString(sum.value())));
            }
            assertEquals(ROWS, actual.toString(), KernelPair.lanes(kernel));
        }
    }

    @Test
    void term() {
        StringBuilder actual = new StringBuilder();
        for (String line : TERMS.lines().toList()) {
            String x = line.split(" ")[0];
            actual.append(x).append(' ').append(Float.toHexString(Exp2.term(Float.parseFloat(x), 0, Exp2.constants(1)))).append('\n');
        }
        assertEquals(TERMS, actual.toString());
    }

    /** Sums of four uniform numbers, near enough to logits: no library function, whose last bit may change, is in them. */
    private static float[] row(int n, double scale, double centre) {
        SplittableRandom random = new SplittableRandom(SEED);
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            double sum = random.nextDouble() + random.nextDouble() + random.nextDouble() + random.nextDouble() - 2;
            x[i] = (float) (centre + scale * sum);
        }
        return x;
    }
}
