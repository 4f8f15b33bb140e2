package io.github.surprisal.kernel.simd;

import static jdk.incubator.vector.VectorOperators.EQ;
import static jdk.incubator.vector.VectorOperators.F2D;
import static jdk.incubator.vector.VectorOperators.LSHR;
import static jdk.incubator.vector.VectorOperators.MAX;
import static jdk.incubator.vector.VectorOperators.OR;
import static jdk.incubator.vector.VectorOperators.UMAX;
import static jdk.incubator.vector.VectorOperators.XOR;

import io.github.surprisal.kernel.DoubleMath;
import io.github.surprisal.kernel.InformationKernel;
import io.github.surprisal.kernel.ScalarInformation;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * {@link ScalarInformation}'s recipe on vectors. A register narrower than the lanes of a sum takes them in strips, one after
 * the other over the block, which is in the first-level cache: one accumulator a loop, because the logarithm hides its latency.
 *
 * <p>The logarithm of a ratio is written out in each measure on purpose: that makes them longer than the 325 bytes (FreqInlineSize)
 * that C2 inlines. With a common method in short ones it pulled several measures into one compilation of their caller, ran out
 * of its budget there and boxed every vector.
 */
final class SimdInformation {
    private static final VectorShape SHAPE = SimdKernel.shape();
    private static final VectorSpecies<Float> FLOATS = VectorSpecies.of(float.class, SHAPE);
    private static final VectorSpecies<Integer> INTS = VectorSpecies.of(int.class, SHAPE);
    private static final VectorSpecies<Double> DOUBLES = VectorSpecies.of(double.class, SHAPE);
    /** As many floats as DOUBLES has doubles. */
    private static final VectorSpecies<Float> HALF = VectorSpecies.of(float.class, VectorShape.forBitSize(SHAPE.vectorBitSize() / 2));

    private static final int LANES = InformationKernel.LANES;
    private static final int ONE_BITS = 0x3F800000;

    /** Read from an array, because a compile-time constant would be loaded from memory again in every iteration. */
    private static final double[] K = {
        ScalarInformation.C0, ScalarInformation.C1, ScalarInformation.C2, ScalarInformation.C3,
        ScalarInformation.C4, ScalarInformation.C5, ScalarInformation.C6, ScalarInformation.C7
    };

    private SimdInformation() {}

    static boolean sum(float[] x, int from, int n, double[] lanes) {
        IntVector top = IntVector.zero(INTS);
        // As unsigned integers all bits but those of [0, 1] are above those of 1, once -0 has become 0.
        for (int i = 0; i < n; i += FLOATS.length()) {
            top = FloatVector.fromArray(FLOATS, x, from + i).add(0f).reinterpretAsInts().lanewise(UMAX, top);
        }
        for (int lane = 0; lane < LANES; lane += DOUBLES.length()) {
            DoubleVector acc = DoubleVector.zero(DOUBLES);
            for (int i = lane; i < n; i += LANES) acc = ((DoubleVector) FloatVector.fromArray(HALF, x, from + i).convertShape(F2D, DOUBLES, 0)).add(acc);
            acc.intoArray(lanes, lane);
        }
        int flipped = IntVector.broadcast(INTS, Integer.MIN_VALUE).lanewise(XOR, top).reduceLanes(MAX);
        return flipped <= (ONE_BITS ^ Integer.MIN_VALUE);
    }

    static boolean covers(float[] p, int pFrom, float[] q, int qFrom, int n) {
        FloatVector zero = FloatVector.zero(FLOATS);
        IntVector open = IntVector.zero(INTS);
        for (int i = 0; i < n; i += FLOATS.length()) {
            FloatVector a = FloatVector.fromArray(FLOATS, p, pFrom + i).add(0f); // -0 becomes 0
            FloatVector b = FloatVector.fromArray(FLOATS, q, qFrom + i);
            open = zero.blend(a, b.compare(EQ, 0f)).reinterpretAsInts().or(open);
        }
        return zero.reinterpretAsInts().or(open).reduceLanes(OR) == 0;
    }

    static void crossEntropy(float[] p, int pFrom, float[] q, int qFrom, int n, double[] lanes) {
        DoubleVector tiny = DoubleVector.broadcast(DOUBLES, ScalarInformation.TINY);
        for (int lane = 0; lane < LANES; lane += DOUBLES.length()) {
            DoubleVector acc = DoubleVector.zero(DOUBLES);
            for (int i = lane; i < n; i += LANES) {
                DoubleVector weight = (DoubleVector) FloatVector.fromArray(HALF, p, pFrom + i).convertShape(F2D, DOUBLES, 0);
                DoubleVector b = ((DoubleVector) FloatVector.fromArray(HALF, q, qFrom + i).convertShape(F2D, DOUBLES, 0)).add(tiny);
                LongVector t = b.reinterpretAsLongs().neg().add(Double.doubleToRawLongBits(1) + ScalarInformation.RATIO_BIAS);
                DoubleVector k = t.lanewise(LSHR, 52).lanewise(OR, DoubleMath.TWO_52_BITS).reinterpretAsDoubles().sub(DoubleMath.LOG_ROUNDER);
                DoubleVector c = b.mul(t.and(~DoubleMath.MANTISSA_MASK).reinterpretAsDoubles());
                DoubleVector minusS = c.sub(1).div(c.add(1)); // subtracted below: the same bits, without a vector of ones, which C2 may box
                DoubleVector z = minusS.mul(minusS);
                DoubleVector z2 = z.mul(z);
                DoubleVector low = z.mul(K[1]).add(K[0]).add(z2.mul(z.mul(K[3]).add(K[2])));
                DoubleVector high = z.mul(K[5]).add(K[4]).add(z2.mul(z.mul(K[7]).add(K[6])));
                acc = weight.mul(k.sub(minusS.mul(low.add(z2.mul(z2).mul(high))))).add(acc);
            }
            acc.intoArray(lanes, lane);
        }
    }

    static void divergence(float[] p, int pFrom, float[] q, int qFrom, int n, double[] lanes) {
        DoubleVector tiny = DoubleVector.broadcast(DOUBLES, ScalarInformation.TINY);
        for (int lane = 0; lane < LANES; lane += DOUBLES.length()) {
            DoubleVector acc = DoubleVector.zero(DOUBLES);
            for (int i = lane; i < n; i += LANES) {
                DoubleVector weight = (DoubleVector) FloatVector.fromArray(HALF, p, pFrom + i).convertShape(F2D, DOUBLES, 0);
                DoubleVector a = weight.add(tiny);
                DoubleVector b = ((DoubleVector) FloatVector.fromArray(HALF, q, qFrom + i).convertShape(F2D, DOUBLES, 0)).add(tiny);
                LongVector t = a.reinterpretAsLongs().sub(b.reinterpretAsLongs()).add(ScalarInformation.RATIO_BIAS);
                DoubleVector k = t.lanewise(LSHR, 52).lanewise(OR, DoubleMath.TWO_52_BITS).reinterpretAsDoubles().sub(DoubleMath.LOG_ROUNDER);
                DoubleVector c = b.mul(t.and(~DoubleMath.MANTISSA_MASK).reinterpretAsDoubles());
                DoubleVector s = a.sub(c).div(a.add(c));
                DoubleVector z = s.mul(s);
                DoubleVector z2 = z.mul(z);
                DoubleVector low = z.mul(K[1]).add(K[0]).add(z2.mul(z.mul(K[3]).add(K[2])));
                DoubleVector high = z.mul(K[5]).add(K[4]).add(z2.mul(z.mul(K[7]).add(K[6])));
                acc = weight.mul(k.add(s.mul(low.add(z2.mul(z2).mul(high))))).add(acc);
            }
            acc.intoArray(lanes, lane);
        }
    }

    static void divergenceFromMean(float[] p, int pFrom, float[] q, int qFrom, int n, double[] lanes) {
        DoubleVector tiny = DoubleVector.broadcast(DOUBLES, ScalarInformation.TINY);
        DoubleVector half = DoubleVector.broadcast(DOUBLES, 0.5);
        for (int lane = 0; lane < LANES; lane += DOUBLES.length()) {
            DoubleVector acc = DoubleVector.zero(DOUBLES);
            for (int i = lane; i < n; i += LANES) {
                DoubleVector weight = (DoubleVector) FloatVector.fromArray(HALF, p, pFrom + i).convertShape(F2D, DOUBLES, 0);
                DoubleVector a = weight.add(tiny);
                DoubleVector b = ((DoubleVector) FloatVector.fromArray(HALF, q, qFrom + i).convertShape(F2D, DOUBLES, 0)).add(weight).mul(half).add(tiny);
                LongVector t = a.reinterpretAsLongs().sub(b.reinterpretAsLongs()).add(ScalarInformation.RATIO_BIAS);
                DoubleVector k = t.lanewise(LSHR, 52).lanewise(OR, DoubleMath.TWO_52_BITS).reinterpretAsDoubles().sub(DoubleMath.LOG_ROUNDER);
                DoubleVector c = b.mul(t.and(~DoubleMath.MANTISSA_MASK).reinterpretAsDoubles());
                DoubleVector s = a.sub(c).div(a.add(c));
                DoubleVector z = s.mul(s);
                DoubleVector z2 = z.mul(z);
                DoubleVector low = z.mul(K[1]).add(K[0]).add(z2.mul(z.mul(K[3]).add(K[2])));
                DoubleVector high = z.mul(K[5]).add(K[4]).add(z2.mul(z.mul(K[7]).add(K[6])));
                acc = weight.mul(k.add(s.mul(low.add(z2.mul(z2).mul(high))))).add(acc);
            }
            acc.intoArray(lanes, lane);
        }
    }
}
