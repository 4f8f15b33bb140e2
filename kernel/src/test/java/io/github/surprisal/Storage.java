package io.github.surprisal;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** A kind of memory and an element type: where a matrix can be, other than in a float array. */
record Storage(Kind kind, ElementType type, int misalignment) {
    enum Kind { CONFINED, SHARED, MAPPED, FLOATS, BYTES, INTS, SHORTS, READ_ONLY_NATIVE, READ_ONLY_FLOATS, READ_ONLY_SHORTS }

    /** Every kind of memory with every type, on its own alignment and off it. */
    static List<Storage> all() {
        List<Storage> all = new ArrayList<>();
        for (ElementType type : ElementType.values()) {
            for (Kind kind : Kind.values()) all.add(new Storage(kind, type, 0));
            for (int misalignment = 1; misalignment < 4; misalignment++) {
                all.add(new Storage(Kind.CONFINED, type, misalignment));
                all.add(new Storage(Kind.BYTES, type, misalignment));
            }
            all.add(new Storage(Kind.FLOATS, type, 2));
            all.add(new Storage(Kind.SHORTS, type, 1));
            all.add(new Storage(Kind.SHORTS, type, 2));
        }
        return all;
    }

    boolean isReadOnly() {
        return kind.name().startsWith("READ_ONLY");
    }

    int size() {
        return type == ElementType.FLOAT32 ? 4 : 2;
    }

    /** A new segment for so many elements and not a byte more, full of NaN. */
    MemorySegment allocate(Arena arena, int elements) {
        long bytes = (long) elements * size();
        int whole = (int) ((bytes + misalignment + 3) / 4);
        MemorySegment all = switch (kind) {
            case CONFINED, SHARED, READ_ONLY_NATIVE -> arena.allocate(bytes + misalignment + 1);
            case MAPPED -> mapped(arena, bytes + 1);
            case FLOATS, READ_ONLY_FLOATS -> MemorySegment.ofArray(new float[whole]);
            case BYTES -> MemorySegment.ofArray(new byte[4 * whole]);
            case INTS -> MemorySegment.ofArray(new int[whole]);
            case SHORTS, READ_ONLY_SHORTS -> MemorySegment.ofArray(new short[2 * whole]);
        };
        return all.asSlice(misalignment, bytes).fill((byte) -1);
    }

    private static MemorySegment mapped(Arena arena, long bytes) {
        try {
            Path file = Files.createTempFile("surprisal", ".bin");
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE)) {
                return channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The numbers as this type has them. */
    float[] rounded(float[] x) {
        float[] rounded = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            rounded[i] = switch (type) {
                case FLOAT32 -> x[i];
                case BFLOAT16 -> Float.intBitsToFloat(bits(x[i]) << 16);
                case FLOAT16 -> Float.float16ToFloat(bits(x[i]));
            };
        }
        return rounded;
    }

    /** Rounded to nearest, ties to even, by arithmetic that the library does not use. */
    private short bits(float x) {
        if (type == ElementType.FLOAT16) return Float.floatToFloat16(x);
        if (Float.isNaN(x)) return 0x7FC0;
        int low = Float.floatToRawIntBits(x) & 0xFFFF;
        int high = Float.floatToRawIntBits(x) >>> 16;
        return (short) (low > 0x8000 || low == 0x8000 && high % 2 == 1 ? high + 1 : high);
    }

    /** A matrix of the row-major numbers; between its elements is NaN, which would absorb everything if it were read. */
    Matrix of(Arena arena, Layout layout, float[] rowMajor) {
        MemorySegment segment = store(arena, layout, rowMajor);
        return matrix(layout, isReadOnly() ? segment.asReadOnly() : segment);
    }

    MemorySegment store(Arena arena, Layout layout, float[] rowMajor) {
        MemorySegment segment = allocate(arena, layout.size());
        for (int r = 0; r < layout.rows(); r++) {
            for (int c = 0; c < layout.columns(); c++) {
                float x = rowMajor[r * layout.columns() + c];
                long at = (long) layout.index(r, c) * size();
                if (type == ElementType.FLOAT32) segment.set(JAVA_FLOAT_UNALIGNED, at, x);
                else segment.set(JAVA_SHORT_UNALIGNED, at, bits(x));
            }
        }
        return segment;
    }

    Matrix matrix(Layout layout, MemorySegment segment) {
        int rows = layout.rows();
        int columns = layout.columns();
        return switch (layout.kind()) {
            case ROW_MAJOR -> Matrix.of(segment, type, rows, columns);
            case STRIDED -> Matrix.of(segment, type, layout.index(0, 0), rows, columns, layout.index(1, 0) - layout.index(0, 0));
            case CLASS_AXIS -> Matrix.ofClassAxis(segment, type, rows / layout.inner(), columns, layout.inner());
        };
    }

    /** The elements, row-major; fails if anything between them is not as it was. */
    float[] load(Layout layout, MemorySegment segment) {
        float[] rowMajor = new float[layout.rows() * layout.columns()];
        boolean[] element = new boolean[layout.size()];
        for (int r = 0; r < layout.rows(); r++) {
            for (int c = 0; c < layout.columns(); c++) {
                long at = (long) layout.index(r, c) * size();
                element[layout.index(r, c)] = true;
                rowMajor[r * layout.columns() + c] = switch (type) {
                    case FLOAT32 -> segment.get(JAVA_FLOAT_UNALIGNED, at);
                    case BFLOAT16 -> Float.intBitsToFloat(segment.get(JAVA_SHORT_UNALIGNED, at) << 16);
                    case FLOAT16 -> Float.float16ToFloat(segment.get(JAVA_SHORT_UNALIGNED, at));
                };
            }
        }
        byte[] bytes = segment.toArray(JAVA_BYTE);
        byte[] untouched = new byte[size()];
        Arrays.fill(untouched, (byte) -1);
        for (int i = 0; i < element.length; i++) {
            if (!element[i] && !Arrays.equals(untouched, Arrays.copyOfRange(bytes, i * size(), (i + 1) * size()))) {
                throw new AssertionError(this + ", " + layout + ": element " + i + " outside the view was written");
            }
        }
        return rowMajor;
    }

    @Override
    public String toString() {
        return kind.name().toLowerCase(Locale.ROOT) + " " + type + (misalignment == 0 ? "" : " off by " + misalignment);
    }
}
