package io.github.surprisal.kernel;

import java.lang.foreign.MemorySegment;

/**
 * The primitives that read and write storage other than float arrays; {@link ScalarStorage} is their specification, every other
 * implementation returns and writes the same bits. Segments are off the heap, and positions in them are byte offsets of any
 * alignment: code that meets heap segments too would have to ask at every access which it has.
 */
public interface StorageKernel {
    /** As {@link RowKernel#sum}, but of native-order floats in a segment: from, step and stream are in bytes. */
    void sum(MemorySegment x, long from, long step, long stream, int n, int count, int e, float[] k,
            float[] partials, int to, int[] tops, int topsFrom);

    /** As {@link RowKernel#sum}, but of bfloat16. */
    void sumBfloat16(short[] x, int from, int step, int stream, int n, int count, int e, float[] k,
            float[] partials, int to, int[] tops, int topsFrom);

    /** As the other, of native-order bfloat16 in a segment: from, step and stream are in bytes. */
    void sumBfloat16(MemorySegment x, long from, long step, long stream, int n, int count, int e, float[] k,
            float[] partials, int to, int[] tops, int topsFrom);

    /** As {@link RowKernel#terms}, but of native-order floats in a segment; from is in bytes. */
    void terms(MemorySegment x, long from, int n, int e, float[] k, double factor, float[] out, int to);

    /** As {@link RowKernel#termsMinus}, but of native-order floats in a segment; from is in bytes. */
    void termsMinus(MemorySegment x, long from, int n, int e, float[] k, double factor, float[] minus, int minusFrom, float[] out, int to);

    /** As {@link RowKernel#terms}, but from segment to segment, which may be the same; from and to are in bytes. */
    void terms(MemorySegment x, long from, int n, int e, float[] k, double factor, MemorySegment out, long to);

    /** As {@link RowKernel#termsMinus}, but from segment to segment, which may be the same; from and to are in bytes. */
    void termsMinus(MemorySegment x, long from, int n, int e, float[] k, double factor, float[] minus, int minusFrom, MemorySegment out, long to);

    /** out[to + i] = the number whose bfloat16 bits are x[from + i], 0 <= i < n, any n; exact. */
    void widenBfloat16(short[] x, int from, int n, float[] out, int to);

    /** As the other, of native-order bfloat16 in a segment; from is in bytes. */
    void widenBfloat16(MemorySegment x, long from, int n, float[] out, int to);

    /** out[to + i] = the number whose binary16 bits are x[from + i], 0 <= i < n, any n; exact. */
    void widenFloat16(short[] x, int from, int n, float[] out, int to);

    /** As the other, of native-order binary16 in a segment; from is in bytes. */
    void widenFloat16(MemorySegment x, long from, int n, float[] out, int to);

    /** out[to + i] = the bits of x[from + i] rounded to bfloat16, 0 <= i < n, any n: see {@link Half#toBfloat16}. */
    void narrowBfloat16(float[] x, int from, int n, short[] out, int to);

    /** out[to + i] = the bits of x[from + i] rounded to binary16, 0 <= i < n, any n: see {@link Half#toFloat16}. */
    void narrowFloat16(float[] x, int from, int n, short[] out, int to);
}
