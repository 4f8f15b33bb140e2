package io.github.surprisal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.surprisal.oracle.Shape;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InvalidObjectException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.ObjectStreamClass;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** An accumulator keeps its bits through Java serialization, today and from the first release on. */
class AccumulatorSerializationTest {
    private static final double INFINITY = Double.POSITIVE_INFINITY;
    private static final double NAN = Double.NaN;

    /** new LogSumExpAccumulator().add({0, 1, 2}).add(-40).add(88), written by version 0.1.0. Must be readable forever. */
    private static final String GOLDEN = "aced000573720028696f2e6769746875622e73757270726973616c2e4c6f6753756d457870416363756d756c61746f72"
            + "00000000000000010300014a0005636f756e7478700000000000000005771840560000000000003ff000000000000038"
            + "36e25878be920778";

    @Test
    void roundTripsKeepBits() throws Exception {
        for (Shape shape : Shape.values()) {
            for (int n : new int[] {0, 1, 2, 100, 3000}) {
                float[] x = shape.fill(n, n);
                LogSumExpAccumulator sum = new LogSumExpAccumulator().add(x, 0, n);
                LogSumExpAccumulator copy = read(write(sum));
                assertSameState(sum, copy, shape + ", n and seed " + n);
            }
        }
        for (float special : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, -0f, Float.MAX_VALUE}) {
            LogSumExpAccumulator sum = new LogSumExpAccumulator().add(special);
            assertSameState(sum, read(write(sum)), "one element " + special);
            sum.add(new float[] {special, 1}, 0, 2);
            assertSameState(sum, read(write(sum)), "three elements with " + special);
        }
    }

    /** The same adds and merges, one side through a stream before every step: the same bits after every step. */
    @Test
    void sequencesOnCopiesKeepBits() throws Exception {
        Shape[] shapes = Shape.values();
        for (int seed = 0; seed < 40; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            LogSumExpAccumulator sum = new LogSumExpAccumulator();
            LogSumExpAccumulator copy = new LogSumExpAccumulator();
            for (int step = 0; step < 15; step++) {
                copy = read(write(copy));
                int n = random.nextInt(200);
                float[] x = shapes[random.nextInt(shapes.length)].fill(n, seed);
                if (random.nextBoolean()) {
                    sum.add(x, 0, n);
                    copy.add(x, 0, n);
                } else {
                    LogSumExpAccumulator other = new LogSumExpAccumulator().add(x, 0, n).add(0.5f);
                    sum.merge(other);
                    copy.merge(read(write(other)));
                }
                assertSameState(sum, copy, "seed " + seed + ", step " + step);
            }
        }
    }

    private static void assertSameState(LogSumExpAccumulator expected, LogSumExpAccumulator actual, String what) throws IOException {
        assertEquals(Float.floatToRawIntBits(expected.result()), Float.floatToRawIntBits(actual.result()), what);
        assertEquals(expected.count(), actual.count(), what);
        assertEquals(HexFormat.of().formatHex(write(expected)), HexFormat.of().formatHex(write(actual)), what);
    }

    @Test
    void theGoldenFormStillReads() throws Exception {
        assertEquals(1, ObjectStreamClass.lookup(LogSumExpAccumulator.class).getSerialVersionUID());
        LogSumExpAccumulator golden = read(HexFormat.of().parseHex(GOLDEN));
        LogSumExpAccumulator now = new LogSumExpAccumulator().add(new float[] {0, 1, 2}, 0, 3).add(-40).add(88);
        assertSameState(now, golden, "golden");
        assertEquals(5, golden.count());
        assertEquals(88f, golden.result());
    }

    @Test
    void statesThatCannotBeAreRejected() throws Exception {
        rejected(-1, 0, 1, 0);
        rejected(Long.MIN_VALUE, 0, 0, 1);
        rejected(1, 0, 0.5, 1);
        rejected(1, 0, -1, 2);
        rejected(1, 0, 2, 0);
        rejected(1, 0, NAN, 1);
        rejected(1, 0, INFINITY, 1);
        rejected(1, 0, 1, NAN);
        rejected(1, 0, 1, -1e-9);
        rejected(1, 0, 1, INFINITY);
        rejected(1, 0, 0, 0);
        rejected(0, 0, 1, 0);
        rejected(0, NAN, 0, 0);
        rejected(0, INFINITY, 0, 0);
        rejected(1, NAN, 0, 1);
        rejected(1, INFINITY, 1, 1);
        rejected(1, -INFINITY, 0, 1);
        // The bytes are where this test thinks they are: untampered ones read.
        assertEquals(0.75f, read(tampered(3, 0.75, 1, 0)).result());
        assertEquals(3, read(tampered(3, 0.75, 1, 0)).count());
    }

    private static void rejected(long count, double anchor, double unit, double rest) throws IOException {
        byte[] bytes = tampered(count, anchor, unit, rest);
        InvalidObjectException thrown = assertThrows(InvalidObjectException.class, () -> read(bytes),
                () -> "count " + count + ", anchor " + anchor + ", unit " + unit + ", rest " + rest);
        for (Object part : new Object[] {count, anchor, unit, rest}) {
            assertTrue(thrown.getMessage().contains(part.toString()), thrown.getMessage());
        }
    }

    @Test
    void truncatedStreamsAreRejected() throws Exception {
        byte[] bytes = write(new LogSumExpAccumulator().add(1));
        for (int length = 0; length < bytes.length - 1; length++) {
            byte[] cut = Arrays.copyOf(bytes, length);
            assertThrows(IOException.class, () -> read(cut), () -> cut.length + " of " + bytes.length + " bytes");
        }
    }

    /** A stream ends in: count, 0x77 (block data), 24 (its length), anchor, unit, rest, 0x78 (end of block data). */
    private static byte[] tampered(long count, double anchor, double unit, double rest) throws IOException {
        byte[] bytes = write(new LogSumExpAccumulator().add(1));
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        int block = bytes.length - 1 - 3 * Double.BYTES;
        assertEquals(0x7718, buffer.getShort(block - 2));
        buffer.putLong(block - 2 - Long.BYTES, count);
        buffer.putDouble(block, anchor).putDouble(block + 8, unit).putDouble(block + 16, rest);
        return bytes;
    }

    private static byte[] write(LogSumExpAccumulator sum) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(sum);
        }
        return bytes.toByteArray();
    }

    private static LogSumExpAccumulator read(byte[] bytes) throws IOException, ClassNotFoundException {
        try (ObjectInputStream in = new ObjectInputStream(new ByteArrayInputStream(bytes))) {
            return (LogSumExpAccumulator) in.readObject();
        }
    }
}
