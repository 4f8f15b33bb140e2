package io.github.surprisal;

import io.github.surprisal.kernel.Store;

/**
 * How the numbers of a {@link Matrix} are stored, in native byte order. All arithmetic is done in float and double: narrower numbers are widened, which
 * is exact, and results, computed as float, are rounded to them once, to nearest with ties to even.
 */
public enum ElementType {
    /** IEEE binary32, Java's float. */
    FLOAT32(Store.Format.FLOAT32),
    /** The upper half of a binary32: its exponent, and 8 significant bits. */
    BFLOAT16(Store.Format.BFLOAT16),
    /** IEEE binary16, as {@link Float#float16ToFloat} reads it: 11 significant bits, up to 65504. */
    FLOAT16(Store.Format.FLOAT16);

    final Store.Format format;

    ElementType(Store.Format format) {
        this.format = format;
    }
}
