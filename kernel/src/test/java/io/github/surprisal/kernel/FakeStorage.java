package io.github.surprisal.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;

/** Scalar primitives for storage, one of which may be off by one bit in one place. */
final class FakeStorage {
    private FakeStorage() {}

    /** Element at of what the method writes is off; for a sum, its maximum if at is -1. */
    static StorageKernel of(Method faulty, int at) {
        StorageKernel scalar = new ScalarKernel().storage();
        return (StorageKernel) Proxy.newProxyInstance(FakeStorage.class.getClassLoader(), new Class<?>[] {StorageKernel.class}, (proxy, method, arguments) -> {
            try {
                method.invoke(scalar, arguments);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
            if (method.equals(faulty)) spoil(arguments, isSum(method), at);
            return null;
        });
    }

    static boolean isSum(Method method) {
        return method.getName().startsWith("sum");
    }

    private static void spoil(Object[] arguments, boolean sum, int at) {
        int output = arguments.length - (sum ? at < 0 ? 2 : 4 : 2);
        int first = ((Number) arguments[output + 1]).intValue();
        switch (arguments[output]) {
            case float[] floats -> floats[first + at] = Math.nextUp(floats[first + at]);
            case short[] shorts -> shorts[first + at] ^= 1;
            case int[] tops -> tops[first] ^= 1;
            case MemorySegment segment -> segment.set(ValueLayout.JAVA_INT, first + 4L * at, segment.get(ValueLayout.JAVA_INT, first + 4L * at) ^ 1);
            default -> throw new AssertionError(arguments[output]);
        }
    }
}
