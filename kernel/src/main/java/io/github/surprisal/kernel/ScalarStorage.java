package io.github.surprisal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** The readable version of {@link StorageKernel}: brings floats piece by piece into an array, for {@link ScalarKernel}. */
final class ScalarStorage implements StorageKernel {
    private static final ThreadLocal<float[]> SCRATCH = new ThreadLocal<>() {
        @Override
        protected float[] initialValue() {
            return new float[4 * RowKernel.BLOCK];
        }
    };

    private final RowKernel kernel;

    ScalarStorage(RowKernel kernel) {
        this.kernel = kernel;
    }

    @Override
    public void sum(MemorySegment x, long from, long step, long stream, int n, int count, int e, float[] k,
            float[] partials, int to, int[] tops, int topsFrom) {
        float[] scratch = SCRATCH.get();
        for (int b = 0; b < count; b++) {
            for (int s = 0; s < 4; s++) MemorySegment.copy(x, JAVA_FLOAT_UNALIGNED, from + b * step + s * stream, scratch, s * n, n);
            kernel.sum(scratch, 0, 0, n, n, 1, e, k, partials, to + b * RowKernel.BLOCK, tops, topsFrom + b);
        }
    }

    @Override
    public void sumBfloat16(short[] x, int from, int step, int stream, int n, int count, int e, float[] k,
            float[] partials, int to, int[] tops, int topsFrom) {
        float[] scratch = SCRATCH.get();
        for (int b = 0; b < count; b++) {
            for (int s = 0; s < 4; s++) widenBfloat16(x, from + b * step + s * stream, n, scratch, s * n);
            kernel.sum(scratch, 0, 0, n, n, 1, e, k, partials, to + b * RowKernel.BLOCK, tops, topsFrom + b);
        }
    }

    @Override
    public void sumBfloat16(MemorySegment x, long from, long step, long stream, int n, int count, int e, float[] k,
            float[] partials, int to, int[] tops, int topsFrom) {
        float[] scratch = SCRATCH.get();
        for (int b = 0; b < count; b++) {
            for (int s = 0; s < 4; s++) widenBfloat16(x, from + b * step + s * stream, n, scratch, s * n);
            kernel.sum(scratch, 0, 0, n, n, 1, e, k, partials, to + b * RowKernel.BLOCK, tops, topsFrom + b);
        }
    }

    @Override
    public void terms(MemorySegment x, long from, int n, int e, float[] k, double factor, float[] out, int to) {
        MemorySegment.copy(x, JAVA_FLOAT_UNALIGNED, from, out, to, n);
        kernel.terms(out, to, n, e, k, factor, out, to);
    }

    @Override
    public void termsMinus(MemorySegment x, long from, int n, int e, float[] k, double factor, float[] minus, int minusFrom, float[] out, int to) {
        MemorySegment.copy(x, JAVA_FLOAT_UNALIGNED, from, out, to, n);
        kernel.termsMinus(out, to, n, e, k, factor, minus, minusFrom, out, to);
    }

    @Override
    public void terms(MemorySegment x, long from, int n, int e, float[] k, double factor, MemorySegment out, long to) {
        float[] scratch = SCRATCH.get();
        for (int i = 0; i < n; i += scratch.length) {
            int length = Math.min(scratch.length, n - i);
            terms(x, from + 4L * i, length, e, k, factor, scratch, 0);
            MemorySegment.copy(scratch, 0, out, JAVA_FLOAT_UNALIGNED, to + 4L * i, length);
        }
    }

    @Override
    public void termsMinus(MemorySegment x, long from, int n, int e, float[] k, double factor, float[] minus, int minusFrom, MemorySegment out, long to) {
        float[] scratch = SCRATCH.get();
        for (int i = 0; i < n; i += scratch.length) {
            int length = Math.min(scratch.length, n - i);
            termsMinus(x, from + 4L * i, length, e, k, factor, minus, minusFrom + i, scratch, 0);
            MemorySegment.copy(scratch, 0, out, JAVA_FLOAT_UNALIGNED, to + 4L * i, length);
        }
    }

    @Override
    public void widenBfloat16(short[] x, int from, int n, float[] out, int to) {
        for (int i = 0; i < n; i++) out[to + i] = Half.ofBfloat16(x[from + i]);
    }

    @Override
    public void widenBfloat16(MemorySegment x, long from, int n, float[] out, int to) {
        for (int i = 0; i < n; i++) out[to + i] = Half.ofBfloat16(x.get(JAVA_SHORT_UNALIGNED, from + i * 2L));
    }

    @Override
    public void widenFloat16(short[] x, int from, int n, float[] out, int to) {
        for (int i = 0; i < n; i++) out[to + i] = Half.ofFloat16(x[from + i]);
    }

    @Override
    public void widenFloat16(MemorySegment x, long from, int n, float[] out, int to) {
        for (int i = 0; i < n; i++) out[to + i] = Half.ofFloat16(x.get(JAVA_SHORT_UNALIGNED, from + i * 2L));
    }

    @Override
    public void narrowBfloat16(float[] x, int from, int n, short[] out, int to) {
        for (int i = 0; i < n; i++) out[to + i] = Half.toBfloat16(x[from + i]);
    }

    @Override
    public void narrowFloat16(float[] x, int from, int n, short[] out, int to) {
        for (int i = 0; i < n; i++) out[to + i] = Half.toFloat16(x[from + i]);
    }
}
