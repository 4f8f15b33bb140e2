package io.github.surprisal.kernel;

import static io.github.surprisal.kernel.KernelPair.SCALAR;
import static io.github.surprisal.kernel.KernelPair.assertBits;
import static io.github.surprisal.kernel.KernelPair.lanes;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.surprisal.kernel.InformationSum.Measure;
import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.Attributes;
import java.lang.classfile.ClassFile;
import java.lang.classfile.MethodModel;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The SIMD kernel's information measures have the scalar one's bits, for every length and offset. */
class InformationKernelTest {
    private static final long SEED = 20250711;
    private static final int MAX_LENGTH = 600;
    private static final int OFFSETS = 18;
    private static final float[] INVALID = {
        Math.nextUp(1f), 1.5f, Float.MAX_VALUE, Float.POSITIVE_INFINITY, -Float.MIN_VALUE, -1f, -Float.MAX_VALUE, Float.NEGATIVE_INFINITY,
        Float.NaN, Float.intBitsToFloat(0xFFC00000), Float.intBitsToFloat(0x7F800001), Float.intBitsToFloat(0xFFFFFFFF)
    };

    private static List<RowKernel> kernels;

    @BeforeAll
    static void findKernels() {
        kernels = KernelPair.all();
    }

    /** Pairs of elements of [0, 1], as unlike each other as they come; they need not sum to 1 here. */
    enum Pairs {
        UNIFORM { // all in the upper binades, ratios on both sides of 3/2
            @Override
            float[] next(SplittableRandom random) {
                return new float[] {(float) random.nextDouble(), (float) random.nextDouble()};
            }
        },
        EVERY_MAGNITUDE { // subnormals too: every exponent of float, so every k
            @Override
            float[] next(SplittableRandom random) {
                return new float[] {magnitude(random), magnitude(random)};
            }
        },
        CLOSE { // within some ulp of each other
            @Override
            float[] next(SplittableRandom random) {
                float p = Float.intBitsToFloat(random.nextInt(100, 0x3F800000 - 100));
                return new float[] {p, Float.intBitsToFloat(Float.floatToRawIntBits(p) + random.nextInt(-3, 4))};
            }
        },
        SPARSE { // zeros of both signs on either side, and ones
            @Override
            float[] next(SplittableRandom random) {
                float[] special = {0f, -0f, 1f, Float.MIN_VALUE, Float.MIN_NORMAL, 0.5f, 0.75f, Math.nextDown(1f)};
                return new float[] {special[random.nextInt(special.length)], special[random.nextInt(special.length)]};
            }
        };

        abstract float[] next(SplittableRandom random);

        private static float magnitude(SplittableRandom random) {
            return Float.intBitsToFloat(random.nextInt(0x3F800001));
        }

        float[][] fill(int n) {
            SplittableRandom random = new SplittableRandom(SEED);
            float[][] pairs = new float[2][n];
            for (int i = 0; i < n; i++) {
                float[] pair = next(random);
                pairs[0][i] = pair[0];
                pairs[1][i] = pair[1];
            }
            return pairs;
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyLengthAndOffsetBetweenSentinels(Pairs shape) {
        float[][] pairs = shape.fill(MAX_LENGTH);
        for (Measure measure : Measure.values()) {
            Result[] expected = new Result[MAX_LENGTH + 1];
            for (int n = 0; n <= MAX_LENGTH; n++) {
                expected[n] = Result.of(SCALAR, measure, Arrays.copyOf(pairs[0], n), 0, Arrays.copyOf(pairs[1], n), 0, n);
            }
            for (RowKernel kernel : kernels) {
                for (int offset = 0; offset < OFFSETS; offset++) {
                    int qOffset = (offset * 5 + 3) % OFFSETS;
                    float[] p = new float[offset + MAX_LENGTH + 2 * RowKernel.GRAIN];
                    float[] q = new float[qOffset + MAX_LENGTH + 2 * RowKernel.GRAIN];
                    Arrays.fill(p, Float.NaN);
                    Arrays.fill(q, 2f);
                    for (int n = 0; n <= MAX_LENGTH; n++) {
                        if (n > 0) {
                            p[offset + n - 1] = pairs[0][n - 1];
                            q[qOffset + n - 1] = pairs[1][n - 1];
                        }
                        int length = n;
                        int from = offset;
                        expected[n].assertSame(Result.of(kernel, measure, p, offset, q, qOffset, n),
                                () -> lanes(kernel) + ", " + measure + ", " + shape + ", n " + length + ", offset " + from + ", seed " + SEED);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aroundTheBordersOfBlocks(Pairs shape) {
        for (int n : new int[] {1008, 1023, 1024, 1025, 1040, 2047, 2048, 2049, 10_000, 65_537}) {
            float[][] pairs = shape.fill(n);
            for (Measure measure : Measure.values()) {
                Result expected = Result.of(SCALAR, measure, pairs[0], 0, pairs[1], 0, n);
                Result expectedOfOne = Result.of(SCALAR, measure, pairs[0], 0, pairs[0].clone(), 0, n);
                for (RowKernel kernel : kernels) {
                    Supplier<String> what = () -> lanes(kernel) + ", " + measure + ", " + shape + ", n " + n + ", seed " + SEED;
                    expected.assertSame(Result.of(kernel, measure, pairs[0], 0, pairs[1], 0, n), what);
                    expectedOfOne.assertSame(Result.of(kernel, measure, pairs[0], 0, pairs[0], 0, n), () -> "p and p, " + what.get());
                }
            }
        }
    }

    private record Result(boolean valid, double bits, double pSum, double qSum) {
        static Result of(RowKernel kernel, Measure measure, float[] p, int pFrom, float[] q, int qFrom, int n) {
            InformationSum sum = InformationSum.ofThread();
            boolean valid = sum.run(kernel, measure, p, pFrom, q, qFrom, n);
            return new Result(valid, sum.bits(), sum.pSum(), sum.qSum());
        }

        void assertSame(Result actual, Supplier<String> what) {
            assertTrue(valid && actual.valid, what);
            assertBits(bits, actual.bits, what);
            assertBits(pSum, actual.pSum, () -> "sum of p, " + what.get());
            assertBits(qSum, actual.qSum, () -> "sum of q, " + what.get());
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyLaneOfThePrimitives(Pairs shape) {
        int n = 64;
        float[][] pairs = shape.fill(n);
        float[] p = pairs[0];
        float[] q = pairs[1];
        for (RowKernel kernel : kernels) {
            assertLanes(kernel, shape + " sum", (k, lanes) -> k.sum(p, 0, n, lanes));
            assertLanes(kernel, shape + " crossEntropy", (k, lanes) -> k.crossEntropy(p, 0, q, 0, n, lanes));
            assertLanes(kernel, shape + " divergence", (k, lanes) -> k.divergence(p, 0, q, 0, n, lanes));
            assertLanes(kernel, shape + " divergenceFromMean", (k, lanes) -> k.divergenceFromMean(p, 0, q, 0, n, lanes));
        }
    }

    private interface Primitive {
        void run(InformationKernel kernel, double[] lanes);
    }

    private static void assertLanes(RowKernel kernel, String what, Primitive primitive) {
        double[] expected = new double[InformationKernel.LANES];
        double[] actual = new double[InformationKernel.LANES];
        Arrays.fill(actual, Double.NaN);
        primitive.run(SCALAR, expected);
        primitive.run(kernel, actual);
        for (int i = 0; i < expected.length; i++) {
            int lane = i;
            assertBits(expected[i], actual[i], () -> lanes(kernel) + ", " + what + ", lane " + lane + ", seed " + SEED);
        }
    }

    @Test
    void anInvalidElementIsSeenInEveryLane() {
        double[] lanes = new double[InformationKernel.LANES];
        for (RowKernel kernel : kernels) {
            float[] valids = {0f, -0f, 1f, Float.MIN_VALUE, 0.5f, Math.nextDown(1f), Float.MIN_NORMAL};
            float[] x = new float[32];
            for (int i = 0; i < x.length; i++) x[i] = valids[i % valids.length];
            assertTrue(kernel.sum(x, 0, x.length, lanes), () -> lanes(kernel));
            for (int i = 0; i < x.length; i++) {
                float valid = x[i];
                for (float invalid : INVALID) {
                    x[i] = invalid;
                    int at = i;
                    assertFalse(kernel.sum(x, 0, x.length, lanes), () -> lanes(kernel) + ", " + invalid + " at " + at);
                }
                x[i] = valid;
            }
        }
    }

    @Test
    void anUncoveredElementIsSeenInEveryLane() {
        for (RowKernel kernel : kernels) {
            float[] p = new float[32];
            float[] q = new float[32];
            for (float zero : new float[] {0f, -0f}) {
                for (int i = 0; i < p.length; i++) {
                    p[i] = -zero;
                    q[i] = zero;
                }
                for (int i = 0; i < p.length; i++) {
                    for (float some : new float[] {Float.MIN_VALUE, Float.MIN_NORMAL, 0.5f, 1f}) {
                        int at = i;
                        assertTrue(kernel.covers(p, 0, q, 0, p.length), () -> lanes(kernel));
                        p[i] = some;
                        assertFalse(kernel.covers(p, 0, q, 0, p.length), () -> lanes(kernel) + ", p " + some + " at " + at);
                        q[i] = Float.MIN_VALUE;
                        assertTrue(kernel.covers(p, 0, q, 0, p.length), () -> lanes(kernel) + ", p " + some + " at " + at);
                        p[i] = -zero;
                        q[i] = zero;
                    }
                }
            }
        }
    }

    /** A shorter one would be inlined into its caller together with others, and too many vector operations in one compilation are boxed. */
    @Test
    void measuresAreTooLongForC2ToInline() throws IOException {
        try (InputStream in = RowKernel.class.getResourceAsStream("simd/SimdInformation.class")) {
            for (MethodModel method : ClassFile.of().parse(in.readAllBytes()).methods()) {
                String name = method.methodName().stringValue();
                if (!List.of("crossEntropy", "divergence", "divergenceFromMean").contains(name)) continue;
                int length = method.findAttribute(Attributes.code()).orElseThrow().codeLength();
                assertTrue(length > 325, () -> name + " has " + length + " bytes, HotSpot's FreqInlineSize is 325");
            }
        }
    }
}
