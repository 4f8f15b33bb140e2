package io.github.surprisal.kernel;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.surprisal.BinaryCrossEntropy;
import io.github.surprisal.CrossEntropy;
import io.github.surprisal.ElementType;
import io.github.surprisal.LogSumExp;
import io.github.surprisal.Matrix;
import io.github.surprisal.Softmax;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

/** What the README promises: a thread keeps at most 450 KiB of scratch, and nothing of its callers. Walks through all that is handed out by thread. */
class ScratchTest {
    private final Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    private long bytes;

    @Test
    void aThreadKeepsAtMost450KiB() throws Exception {
        FutureTask<Void> count = new FutureTask<>(() -> {
            RowBatch.ofThread().room(); // made when they are needed
            RowLoss.ofThread().tiles();
            for (int columns : new int[] {2, 10, 100, 300, 20_000}) makeAll(40, columns);
            walkAll();
            return null;
        });
        Thread.ofPlatform().start(count); // a new thread: what other tests left in this one's scratch does not count
        count.get();
        assertTrue(bytes > 400_000, bytes + " bytes: the arrays were not found");
        assertTrue(bytes <= 450 * 1024, bytes + " bytes");
    }

    /** Neither an array of a call nor its options. */
    @Test
    void aThreadKeepsNothingOfItsCallers() throws Exception {
        FutureTask<Void> calls = new FutureTask<>(() -> {
            for (int columns : new int[] {2, 10, 100, 300, 20_000}) {
                for (int layout = 0; layout < 3; layout++) checkCalls(40, columns, layout);
            }
            return null;
        });
        Thread.ofPlatform().start(calls);
        calls.get();
    }

    private void checkCalls(int rows, int columns, int layout) throws ReflectiveOperationException {
        float[] data = new float[rows * columns];
        short[] halves = new short[data.length];
        float[] probabilities = new float[data.length];
        float[] gradient = new float[data.length];
        float[] losses = new float[rows];
        int[] targets = new int[rows];
        float[] weights = new float[columns];
        Arrays.fill(weights, 0.5f);
        Matrix x = switch (layout) {
            case 0 -> Matrix.of(data, rows, columns);
            case 1 -> Matrix.ofClassAxis(data, 1, columns, rows);
            default -> Matrix.of(halves, ElementType.FLOAT16, rows, columns);
        };
        Matrix t = Matrix.of(probabilities, rows, columns);
        Matrix out = Matrix.of(gradient, rows, columns);
        List<Runnable> calls = new ArrayList<>(List.of(() -> LogSumExp.of(data), () -> LogSumExp.ofRows(x, losses), () -> Softmax.softmax(x, out),
                () -> Softmax.logSoftmax(x, out), () -> BinaryCrossEntropy.withDefaults().lossAndGradient(x, t, out)));
        for (CrossEntropy.Builder builder : new CrossEntropy.Builder[] {CrossEntropy.builder(), CrossEntropy.builder().softcap(30),
            CrossEntropy.builder().labelSmoothing(0.1f).classWeights(weights)}) {
            CrossEntropy loss = builder.build();
            calls.addAll(List.of(() -> loss.losses(x, targets, losses), () -> loss.lossAndGradient(x, targets, out), () -> loss.lossAndGradient(x, t, out),
                    () -> loss.totals(x, targets)));
        }
        for (int i = 0; i < calls.size(); i++) {
            calls.get(i).run();
            seen.clear();
            walkAll();
            String call = "call " + i + " of " + columns + " columns in layout " + layout;
            for (Object array : List.of(data, halves, probabilities, gradient, losses, targets)) assertFalse(seen.contains(array), call);
            for (Object object : seen) assertFalse(object instanceof LossOptions, call);
        }
    }

    private void walkAll() throws ReflectiveOperationException {
        walk(ChunkSum.ofThread());
        walk(RowBatch.ofThread());
        walk(BatchLogs.ofThread());
        walk(RowLoss.ofThread());
        walk(SoftmaxRows.ofThread());
        walk(RowTile.ofThread());
        walk(InformationSum.ofThread());
        walk(LossCall.ofThread());
        walk(Strip.ofThread());
        walk(BinaryRows.ofThread());
        walkThreadLocal(Store.class, "SHORTS");
        walkThreadLocal(ScalarStorage.class, "SCRATCH");
    }

    /** Calls of each kind, which make what they need. */
    private static void makeAll(int rows, int columns) {
        float[] data = new float[rows * columns];
        for (int i = 0; i < data.length; i++) data[i] = i % 7;
        int[] targets = new int[rows];
        CrossEntropy plain = CrossEntropy.withDefaults();
        CrossEntropy other = CrossEntropy.builder().labelSmoothing(0.1f).softcap(30).build();
        for (Matrix x : new Matrix[] {Matrix.of(data, rows, columns), Matrix.ofClassAxis(data, 1, columns, rows),
            Matrix.of(new short[data.length], ElementType.FLOAT16, rows, columns)}) {
            Matrix out = Matrix.of(new float[data.length], rows, columns);
            LogSumExp.ofRows(x, new float[rows]);
            Softmax.softmax(x, out);
            Softmax.logSoftmax(x, out);
            for (CrossEntropy loss : new CrossEntropy[] {plain, other}) {
                loss.lossAndGradient(x, targets, out);
                loss.lossAndGradient(x, Matrix.of(data.clone(), rows, columns), out);
            }
            BinaryCrossEntropy.withDefaults().lossAndGradient(x, Matrix.of(data.clone(), rows, columns), out);
        }
    }

    private void walkThreadLocal(Class<?> type, String name) throws ReflectiveOperationException {
        Field field = type.getDeclaredField(name);
        field.setAccessible(true);
        walk(((ThreadLocal<?>) field.get(null)).get());
    }

    private void walk(Object object) throws ReflectiveOperationException {
        if (object == null || !seen.add(object)) return;
        Class<?> type = object.getClass();
        if (type.isArray()) {
            bytes += (long) Array.getLength(object) * size(type.getComponentType());
            return;
        }
        if (type.getPackage() != ScratchTest.class.getPackage()) return;
        for (Class<?> part = type; part != null && part.getPackage() == type.getPackage(); part = part.getSuperclass()) {
            for (Field field : part.getDeclaredFields()) {
                if (Modifier.isStatic(field.getModifiers()) || field.getType().isPrimitive()) continue;
                field.setAccessible(true);
                walk(field.get(object));
            }
        }
    }

    private static int size(Class<?> element) {
        if (element == long.class || element == double.class) return Long.BYTES;
        if (element == short.class) return Short.BYTES;
        return element == boolean.class || element == byte.class ? 1 : Integer.BYTES;
    }
}
