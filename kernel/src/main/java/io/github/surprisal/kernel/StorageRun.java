package io.github.surprisal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** One run of every primitive of {@link StorageKernel}: for {@link SelfTest} to compare, and for {@link WarmStart} to get them compiled. */
final class StorageRun {
    private final int n;
    private final float[] x;
    private final short[] bfloat16;
    private final short[] float16;
    private final MemorySegment floats;
    private final MemorySegment halves;
    private final MemorySegment halves16;
    private final MemorySegment out;

    final float[] partials = new float[2 * RowKernel.BLOCK];
    final float[] segmentPartials = new float[RowKernel.BLOCK];
    final float[] terms;
    final float[] termsMinus;
    final float[] outside;
    final float[] outsideMinus;
    final float[] widened;
    final short[] narrowed;
    /** Of {@link RowKernel#sum}: the maximum and scratch, for each of the three sums. */
    final int[][] tops = new int[3][RowKernel.TOPS_LENGTH];

    /** With streams of n elements, a multiple of {@link RowKernel#GRAIN} and at most {@link RowKernel#BLOCK}. */
    StorageRun(int n) {
        this.n = n;
        x = new float[4 * n];
        bfloat16 = new short[4 * n];
        float16 = new short[4 * n];
        for (int i = 0; i < x.length; i++) {
            x[i] = (i * 37 % 128 - 100) * 0.37f;
            bfloat16[i] = Half.toBfloat16(x[i]);
            // Subnormals among them, and of either sign.
            float16[i] = Half.toFloat16(i % 3 == 0 ? Math.scalb(x[i], -21) : x[i]);
        }
        Arena arena = Arena.ofAuto();
        floats = arena.allocate(ValueLayout.JAVA_FLOAT, 4L * n);
        halves = arena.allocate(ValueLayout.JAVA_SHORT, 4L * n);
        halves16 = arena.allocate(ValueLayout.JAVA_SHORT, 4L * n);
        out = arena.allocate(ValueLayout.JAVA_FLOAT, 4L * n);
        MemorySegment.copy(x, 0, floats, JAVA_FLOAT_UNALIGNED, 0, 4 * n);
        MemorySegment.copy(bfloat16, 0, halves, ValueLayout.JAVA_SHORT_UNALIGNED, 0, 4 * n);
        MemorySegment.copy(float16, 0, halves16, ValueLayout.JAVA_SHORT_UNALIGNED, 0, 4 * n);
        terms = new float[n];
        termsMinus = new float[n];
        outside = new float[n];
        outsideMinus = new float[n];
        widened = new float[4 * n];
        narrowed = new short[4 * n];
    }

    void run(StorageKernel kernel) {
        float[] k = Exp2.constants(1);
        kernel.sum(floats, 0, 0, 4L * n, n, 1, 0, k, segmentPartials, 0, tops[0], 0);
        kernel.sumBfloat16(bfloat16, 0, 0, n, n, 1, 0, k, partials, 0, tops[1], 0);
        kernel.sumBfloat16(halves, 0, 0, 2L * n, n, 1, 0, k, partials, RowKernel.BLOCK, tops[2], 0);
        kernel.terms(floats, 0, n, -2, k, 0.3, terms, 0);
        kernel.termsMinus(floats, 0, n, -2, k, 0.3, x, 0, termsMinus, 0);
        kernel.terms(floats, 0, n, -2, k, 0.3, out, 0);
        MemorySegment.copy(out, JAVA_FLOAT_UNALIGNED, 0, outside, 0, n);
        kernel.termsMinus(floats, 0, n, -2, k, 0.3, x, 0, out, 0);
        MemorySegment.copy(out, JAVA_FLOAT_UNALIGNED, 0, outsideMinus, 0, n);
        kernel.widenBfloat16(bfloat16, 0, n, widened, 0);
        kernel.widenBfloat16(halves, 0, n, widened, n);
        kernel.widenFloat16(float16, 0, n, widened, 2 * n);
        kernel.widenFloat16(halves16, 0, n, widened, 3 * n);
        kernel.narrowBfloat16(x, 0, 2 * n, narrowed, 0);
        kernel.narrowFloat16(x, 2 * n, n, narrowed, 2 * n);
        kernel.narrowFloat16(widened, 2 * n, n, narrowed, 3 * n);
    }
}
