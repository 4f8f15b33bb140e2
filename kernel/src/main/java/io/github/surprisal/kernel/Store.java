package io.github.surprisal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Numbers in a memory segment, in native byte order: whatever is not a float array. Positions are counted in elements from the
 * segment's start. Reading widens exactly, writing rounds once; ranges are brought into and out of float arrays, at most
 * {@link #PIECE} elements at a time.
 */
public final class Store {
    /** The formats of an element. */
    public enum Format {
        FLOAT32, BFLOAT16, FLOAT16
    }

    /** Elements a call reads or writes at most: 8 KB of floats, which stay in the first-level cache between two steps. */
    public static final int PIECE = 4 * RowKernel.BLOCK;

    private static final ThreadLocal<short[]> SHORTS = ThreadLocal.withInitial(() -> new short[PIECE]);
    private static final float[] ZEROS = new float[PIECE];
    private static final float[] NANS = new float[PIECE];
    private static final short[] HALF_ZEROS = new short[PIECE];
    private static final short[] BFLOAT16_NANS = new short[PIECE];
    private static final short[] FLOAT16_NANS = new short[PIECE];

    static {
        Arrays.fill(NANS, Float.NaN);
        Arrays.fill(BFLOAT16_NANS, Half.BFLOAT16_NAN);
        Arrays.fill(FLOAT16_NANS, Half.FLOAT16_NAN);
    }

    // Set once, but for the one that ChunkElements keeps for segments without a matrix.
    private MemorySegment segment;
    private Format format;
    private boolean offHeap;

    /** The array behind a heap segment; null where there is none, or where a read-only segment does not tell. */
    private final Object base;

    /** The array behind a heap segment of halves, if that is aligned: spares a copy. */
    private final short[] shorts;

    private final int firstShort;

    public Store(MemorySegment segment, Format format) {
        set(segment, format);
        base = segment.heapBase().orElse(null);
        boolean aligned = format != Format.FLOAT32 && (segment.address() & 1) == 0;
        shorts = aligned && base instanceof short[] array ? array : null;
        firstShort = shorts == null ? 0 : (int) (segment.address() / Short.BYTES);
    }

    /** For floats that are only read, and not compared with other places. */
    final void set(MemorySegment segment, Format format) {
        this.segment = segment;
        this.format = format;
        offHeap = segment.isNative();
    }

    /** Bytes an element. */
    public static int size(Format format) {
        return format == Format.FLOAT32 ? Float.BYTES : Short.BYTES;
    }

    public MemorySegment segment() {
        return segment;
    }

    /** Where an element begins, in bytes from the segment's start. */
    public long bytes(long position) {
        return position * size(format);
    }

    /** Where an element begins, comparable among segments of the same base. */
    long address(long position) {
        return segment.address() + bytes(position);
    }

    /** Whether {@link #sum} is possible. */
    boolean sums() {
        return offHeap ? format != Format.FLOAT16 : format == Format.BFLOAT16 && shorts != null;
    }

    /** {@link RowKernel#sum} of elements from a position on. */
    void sum(RowKernel kernel, long position, long step, long stream, int n, int count, int e, float[] k, float[] partials, int[] tops) {
        StorageKernel storage = kernel.storage();
        if (format == Format.FLOAT32) {
            storage.sum(segment, bytes(position), bytes(step), bytes(stream), n, count, e, k, partials, 0, tops, 0);
        } else if (offHeap) {
            storage.sumBfloat16(segment, bytes(position), bytes(step), bytes(stream), n, count, e, k, partials, 0, tops, 0);
        } else {
            storage.sumBfloat16(shorts, firstShort + (int) position, (int) step, (int) stream, n, count, e, k, partials, 0, tops, 0);
        }
    }

    Format format() {
        return format;
    }

    /** Whether the primitives of {@link StorageKernel} read floats from here without a copy. */
    public boolean direct() {
        return offHeap && format == Format.FLOAT32;
    }

    float get(long position) {
        long at = bytes(position);
        if (format == Format.FLOAT32) return segment.get(JAVA_FLOAT_UNALIGNED, at);
        short bits = segment.get(JAVA_SHORT_UNALIGNED, at);
        return format == Format.BFLOAT16 ? Half.ofBfloat16(bits) : Half.ofFloat16(bits);
    }

    void set(long position, float x) {
        long at = bytes(position);
        switch (format) {
            case FLOAT32 -> segment.set(JAVA_FLOAT_UNALIGNED, at, x);
            case BFLOAT16 -> segment.set(JAVA_SHORT_UNALIGNED, at, Half.toBfloat16(x));
            case FLOAT16 -> segment.set(JAVA_SHORT_UNALIGNED, at, Half.toFloat16(x));
        }
    }

    /** to[at + i] = element position + i, 0 <= i < n <= PIECE. */
    void get(RowKernel kernel, long position, int n, float[] to, int at) {
        long from = bytes(position);
        if (format == Format.FLOAT32) {
            MemorySegment.copy(segment, JAVA_FLOAT_UNALIGNED, from, to, at, n);
            return;
        }
        StorageKernel storage = kernel.storage();
        if (offHeap) {
            if (format == Format.BFLOAT16) storage.widenBfloat16(segment, from, n, to, at);
            else storage.widenFloat16(segment, from, n, to, at);
            return;
        }
        short[] source = shorts;
        int first = firstShort + (int) position;
        if (source == null) {
            source = SHORTS.get();
            first = 0;
            MemorySegment.copy(segment, JAVA_SHORT_UNALIGNED, from, source, 0, n);
        }
        if (format == Format.BFLOAT16) storage.widenBfloat16(source, first, n, to, at);
        else storage.widenFloat16(source, first, n, to, at);
    }

    /** to[at + i] = element position + i * step, 0 <= i < n <= PIECE. */
    void get(RowKernel kernel, long position, int step, int n, float[] to, int at) {
        if (step == 1) {
            get(kernel, position, n, to, at);
        } else {
            for (int i = 0; i < n; i++, position += step) to[at + i] = get(position);
        }
    }

    /** Element position + i = x[at + i], rounded, 0 <= i < n <= PIECE. */
    void put(RowKernel kernel, long position, int n, float[] x, int at) {
        long to = bytes(position);
        if (format == Format.FLOAT32) {
            MemorySegment.copy(x, at, segment, JAVA_FLOAT_UNALIGNED, to, n);
            return;
        }
        StorageKernel storage = kernel.storage();
        short[] target = shorts == null ? SHORTS.get() : shorts;
        int first = shorts == null ? 0 : firstShort + (int) position;
        if (format == Format.BFLOAT16) storage.narrowBfloat16(x, at, n, target, first);
        else storage.narrowFloat16(x, at, n, target, first);
        if (shorts == null) MemorySegment.copy(target, 0, segment, JAVA_SHORT_UNALIGNED, to, n);
    }

    /** Elements position .. position + n, n <= PIECE, become NaN or 0. */
    void fill(long position, int n, boolean nan) {
        long to = bytes(position);
        switch (format) {
            case FLOAT32 -> MemorySegment.copy(nan ? NANS : ZEROS, 0, segment, JAVA_FLOAT_UNALIGNED, to, n);
            case BFLOAT16 -> MemorySegment.copy(nan ? BFLOAT16_NANS : HALF_ZEROS, 0, segment, JAVA_SHORT_UNALIGNED, to, n);
            case FLOAT16 -> MemorySegment.copy(nan ? FLOAT16_NANS : HALF_ZEROS, 0, segment, JAVA_SHORT_UNALIGNED, to, n);
        }
    }

    /** Whether an address means the same place here and there. */
    boolean sameBase(Store other) {
        if (offHeap || other.offHeap) return offHeap && other.offHeap;
        if (base != null && other.base != null) return base == other.base;
        return segment == other.segment || segment.asOverlappingSlice(other.segment).isPresent(); // else the base does not matter
    }

    /** Whether the segment, which may be written to, lies in the array: then it says so. */
    boolean isIn(Object array) {
        return base == array;
    }

    /** Whether the segment lies in the array. */
    boolean sameBase(float[] array) {
        if (offHeap || base != null) return base == array;
        return segment.asOverlappingSlice(MemorySegment.ofArray(array)).isPresent();
    }
}
