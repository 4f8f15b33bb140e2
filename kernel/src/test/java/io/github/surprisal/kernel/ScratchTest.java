package io.github.surprisal.kernel;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;

/** What the README promises: a thread keeps at most 400 KiB of scratch. Counts the arrays of all that is handed out by thread. */
class ScratchTest {
    private final Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
    private long bytes;

    @Test
    void aThreadKeepsAtMost400KiB() throws Exception {
        FutureTask<Void> count = new FutureTask<>(() -> {
            walkAll();
            return null;
        });
        Thread.ofPlatform().start(count); // a new thread: what other tests left in this one's scratch does not count
        count.get();
        assertTrue(bytes > 330_000, bytes + " bytes: the arrays were not found");
        assertTrue(bytes <= 400 * 1024, bytes + " bytes");
    }

    private void walkAll() throws ReflectiveOperationException {
        RowBatch.ofThread().room(); // made when they are needed
        RowLoss.ofThread().tiles();
        walk(ChunkSum.ofThread());
        walk(RowBatch.ofThread());
        walk(BatchLogs.ofThread());
        walk(RowLoss.ofThread());
        walk(SoftmaxRows.ofThread());
        walk(RowTile.ofThread());
        walk(InformationSum.ofThread());
        walk(LossCall.ofThread());
        walk(Strip.ofThread());
        walkThreadLocal(Store.class, "SHORTS");
        walkThreadLocal(ScalarStorage.class, "SCRATCH");
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
        for (Field field : type.getDeclaredFields()) {
            if (Modifier.isStatic(field.getModifiers()) || field.getType().isPrimitive()) continue;
            field.setAccessible(true);
            walk(field.get(object));
        }
    }

    private static int size(Class<?> element) {
        if (element == long.class || element == double.class) return Long.BYTES;
        if (element == short.class) return Short.BYTES;
        return element == boolean.class || element == byte.class ? 1 : Integer.BYTES;
    }
}
