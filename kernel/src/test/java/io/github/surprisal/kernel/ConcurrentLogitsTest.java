package io.github.surprisal.kernel;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.surprisal.oracle.Shape;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A logit that another thread overwrites during a call may cost the result, but not the end of the call. */
class ConcurrentLogitsTest {
    /** The largest logit is gone when it is looked for. */
    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void theLargestIsGone() {
        RowKernel kernel = new FakeKernel(FakeKernel.Fault.NONE, 1) {
            @Override
            public float max(float[] x, int from, int n) {
                return super.max(x, from, n) + 1;
            }
        };
        int columns = 300;
        float[] logits = Shape.NORMAL_3.fill(columns, 17);
        logits[7] = 50; // outweighs the others, so that it is kept apart
        float[] probabilities = new float[columns];
        Arrays.fill(probabilities, 1f / columns);
        LossCall call = new LossCall().start(kernel, LossOptions.of(null, 0, 0, 0, 1), new Rows(logits, 0, 1, columns, columns, 1), null, null);
        call.withProbabilities(new Rows(probabilities, 0, 1, columns, columns, 1));
        assertTrue(RowLoss.ofThread().run(call, 0, 1, new long[1], null) > 0, "any loss");
    }
}
