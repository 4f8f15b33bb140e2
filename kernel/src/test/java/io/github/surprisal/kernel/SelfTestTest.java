package io.github.surprisal.kernel;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.surprisal.kernel.FakeKernel.Fault;
import java.lang.reflect.Method;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The self-test that decides whether a kernel may be used sees one wrong bit in any primitive and any lane. */
class SelfTestTest {
    private static final int LANES = RowKernel.GRAIN;

    @Test
    void equalKernelsPass() {
        assertNull(SelfTest.difference(new ScalarKernel(), new FakeKernel(Fault.NONE, LANES)));
        assertNull(SelfTest.difference(new ScalarKernel(), Kernels.selected()));
    }

    @ParameterizedTest
    @EnumSource(names = {"TOP", "MASKED_TOP", "MASKED_BITS", "FOLD", "ROW_SUM", "ROW_TOP", "ROW_TERM_KEPT", "ROW_TOO_LOW", "ONE_ROW_SUM", "ONE_ROW_TOP", "ONE_ROW_LEAST", "ONE_ROW_TERM", "TOP_OF_COLUMNS", "COLUMNS_INSIDE", "FOLDED", "FOLDED_TOP", "PATCHED", "BEHIND", "KEPT_TOP", "AHEAD", "KEPT_MASKED_TOP", "KEPT_MASKED_FOUND", "RANGE", "RANGE_MASKED", "MASK_TOP", "LARGEST", "INDEX", "VALID", "COVERED"})
    void aWrongBitIsNamed(Fault fault) {
        String difference = SelfTest.difference(new ScalarKernel(), new FakeKernel(fault, LANES));
        assertNotNull(difference);
        assertTrue(difference.contains("instead of"), difference);
    }

    static IntStream lanes() {
        return IntStream.range(0, LANES);
    }

    @ParameterizedTest
    @MethodSource("lanes")
    void aWrongBitInOneLaneOfTheSums(int lane) {
        for (Fault fault : new Fault[] {Fault.PARTIAL, Fault.MASKED_PARTIAL, Fault.PADDED}) {
            assertNotNull(SelfTest.difference(new ScalarKernel(), new FakeKernel(fault, LANES, lane)), fault::name);
        }
    }

    @ParameterizedTest
    @MethodSource("lanes")
    void aWrongBitInOneLaneOfTheTermsOrGaps(int lane) {
        for (Fault fault : new Fault[] {
            Fault.TERM, Fault.TERM_MINUS, Fault.ROW_TERM, Fault.KEPT_PARTIAL, Fault.KEPT_TERM, Fault.KEPT_MASKED_PARTIAL, Fault.KEPT_MASKED_TERM, Fault.ADDED, Fault.SCALED, Fault.DIFFERENCE, Fault.GAP, Fault.CAPPED, Fault.SLOPE,
            Fault.TRANSPOSE, Fault.TRANSPOSE_BACK, Fault.COLUMN, Fault.COLUMN_TOP, Fault.COLUMN_APART, Fault.COLUMN_FOLD,
            Fault.COLUMN_GAP, Fault.COLUMN_ANCHOR, Fault.COLUMN_REST, Fault.WEIGHTED_GAP,
            Fault.COLUMN_MAX, Fault.COLUMN_TERM, Fault.COLUMN_TERM_MINUS, Fault.COLUMN_SCALED
        }) {
            assertNotNull(SelfTest.difference(new ScalarKernel(), new FakeKernel(fault, LANES, lane)), fault::name);
        }
    }

    @ParameterizedTest
    @MethodSource("lanes")
    void aWrongBitInOneLaneOfAPrimitiveForStorage(int lane) {
        for (Method method : StorageKernel.class.getMethods()) {
            assertNotNull(SelfTest.difference(new ScalarKernel(), new FakeKernel(Fault.NONE, LANES).with(FakeStorage.of(method, lane))), method::toString);
        }
    }

    @Test
    void aWrongMaximumOfASumOfStorage() {
        for (Method method : StorageKernel.class.getMethods()) {
            if (!FakeStorage.isSum(method)) continue;
            assertNotNull(SelfTest.difference(new ScalarKernel(), new FakeKernel(Fault.NONE, LANES).with(FakeStorage.of(method, -1))), method::toString);
        }
    }

    @ParameterizedTest
    @MethodSource("lanes")
    void aWrongBitInOneLaneOfTheMaskedValues(int lane) {
        assertNotNull(SelfTest.difference(new ScalarKernel(), new FakeKernel(Fault.MASKED, LANES, lane)));
    }

    @ParameterizedTest
    @MethodSource("lanes")
    void aWrongBitInOneLogarithmOrExponential(int lane) {
        assertNotNull(SelfTest.difference(new ScalarKernel(), new FakeKernel(Fault.LOG, LANES, lane % 8)));
        assertNotNull(SelfTest.difference(new ScalarKernel(), new FakeKernel(Fault.LOG1P, LANES, lane % 8)));
        assertNotNull(SelfTest.difference(new ScalarKernel(), new FakeKernel(Fault.LOG1P_SUM, LANES)));
        assertNotNull(SelfTest.difference(new ScalarKernel(), new FakeKernel(Fault.EXP, LANES, lane % 8)));
    }

    @ParameterizedTest
    @EnumSource(names = {"PROBABILITY", "CROSS_ENTROPY", "DIVERGENCE", "FROM_MEAN"})
    void aWrongBitInOneLaneOfAMeasure(Fault fault) {
        for (int lane = 0; lane < InformationKernel.LANES; lane++) {
            assertNotNull(SelfTest.difference(new ScalarKernel(), new FakeKernel(fault, LANES, lane)), fault + " " + lane);
        }
    }
}
