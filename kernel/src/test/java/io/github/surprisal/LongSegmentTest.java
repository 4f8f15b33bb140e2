package io.github.surprisal;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** More elements than an array holds, in a sparse file: zeros that take no room on a disk, and few other numbers. */
@Tag("once")
class LongSegmentTest {
    private static final long ELEMENTS = (1L << 31) + 77;
    private static final int COLUMNS = 1 << 27;
    private static final int ROWS = 16;

    @TempDir
    private Path folder;

    private MemorySegment sparse(Arena arena) throws IOException {
        assumeTrue(Files.getFileStore(folder).getUsableSpace() > 1L << 30, "less than 1 GiB is free in " + folder);
        Path file = folder.resolve("sparse.bin");
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.SPARSE,
                StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            return channel.map(FileChannel.MapMode.READ_WRITE, 0, 4 * ELEMENTS, arena);
        } catch (IOException e) {
            return abort("this disk has no sparse file of 8 GiB: " + e);
        }
    }

    @Test
    void beyondTheLengthOfAnArray() throws IOException {
        Backend.warmUp();
        try (Arena arena = Arena.ofShared()) {
            MemorySegment x = sparse(arena);
            // Zeros and the last element have about equal parts in the sum: either would be missed. Every page is read once only.
            x.setAtIndex(JAVA_FLOAT, ELEMENTS - 1, 21.5f);
            assertEquals((float) Math.log(ELEMENTS - 1 + Math.exp(21.5)), LogSumExp.of(x, Execution.parallel()));

            // the same bytes as rows: 2^31 elements, of which the last row holds the ends
            long last = (long) ROWS * COLUMNS - 1;
            x.setAtIndex(JAVA_FLOAT, last, 30);
            x.setAtIndex(JAVA_FLOAT, last - 3, 29);
            Matrix rows = Matrix.of(x, ElementType.FLOAT32, ROWS, COLUMNS);
            int[] targets = new int[ROWS];
            Arrays.fill(targets, -100);
            targets[ROWS - 1] = COLUMNS - 4;
            targets[0] = 5;
            CrossEntropy sum = CrossEntropy.builder().reduction(Reduction.SUM).execution(Execution.parallel()).build();
            double lastLoss = Math.log(Math.exp(30) + Math.exp(29) + COLUMNS - 2) - 29;
            float loss = sum.loss(rows, targets);
            assertEquals((float) (Math.log(COLUMNS) + lastLoss), loss, 2 * Math.ulp(loss));

            // a stride and an offset beyond int: three rows of five at the two ends and in the middle
            long stride = (1L << 30) + 36;
            Matrix apart = Matrix.of(x, ElementType.FLOAT32, 0, 3, 5, stride);
            x.setAtIndex(JAVA_FLOAT, 2 * stride + 4, 1);
            assertEquals(ELEMENTS - 1, 2 * stride + 4, "the last element");
            float[] lse = new float[3];
            LogSumExp.ofRows(apart, lse);
            assertEquals(LogSumExp.of(0, 0, 0, 0, 1), lse[2]);
            assertEquals(LogSumExp.of(0, 0, 0, 0, 0), lse[0]);
            Matrix behind = Matrix.of(x, ElementType.FLOAT32, ELEMENTS - 5, 1, 5, 5);
            Softmax.softmax(behind, behind);
            float[] p = {0, 0, 0, 0, 1};
            Softmax.softmax(p, p);
            for (int i = 0; i < 5; i++) assertEquals(p[i], x.getAtIndex(JAVA_FLOAT, ELEMENTS - 5 + i));
        }
    }
}
