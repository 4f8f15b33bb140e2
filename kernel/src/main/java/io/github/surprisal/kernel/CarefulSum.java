package io.github.surprisal.kernel;

/**
 * A chunk whose logarithm needs more than float terms give: near 0, or hardly above one element that outweighs the others, or beyond +-2^19. Sums it with its
 * largest element kept apart. Made when it is needed.
 */
final class CarefulSum {
    private static final int STREAMS = ChunkSum.STREAMS;
    private static final int BLOCK = RowKernel.BLOCK;

    private final ChunkSum chunk;
    private final ChunkElements elements;
    private final float[] scratch;
    private final double[] sums;

    CarefulSum(ChunkSum chunk) {
        this.chunk = chunk;
        elements = chunk.elements;
        scratch = chunk.scratch;
        sums = chunk.sums;
    }

    /** Of the chunk just swept, or of few elements just summed. */
    void sum(RowKernel kernel, boolean few, LogSum result) {
        int from = chunk.bestFrom;
        int n = Math.min(BLOCK, elements.positions - from);
        int excluded = elements.largest(kernel, from, n, scratch); // or within a factor 2 of the largest, which may be in another block
        double rest;
        if (Math.abs(chunk.top) <= NearZero.FAR) {
            rest = sumOthersInDouble(kernel, excluded);
        } else if (few) {
            chunk.copyToScratch(kernel);
            chunk.sumRow(kernel, scratch, 0, elements.length, excluded);
            rest = chunk.best;
        } else {
            chunk.gatherWithHole(kernel, from, n, excluded);
            chunk.sumScratch(kernel, n);
            chunk.blockSums[from / BLOCK] = chunk.fold(kernel, n);
            rest = chunk.others + chunk.blockSums[from / BLOCK];
            if (rest >= ChunkExponents.SMALL_REST) rest = mended(kernel, excluded, rest);
        }
        if (rest < ChunkExponents.SMALL_REST) {
            chunk.sweep(kernel, excluded, true);
            if (few) chunk.sumFewAgain(kernel, excluded);
            rest = chunk.top == Integer.MIN_VALUE ? 0 : chunk.others + chunk.best;
            if (rest > 0 && !few) rest = mended(kernel, excluded, rest);
        }
        double x = chunk.scale() * elements.element(excluded);
        result.set(x, 1, rest == 0 ? 0 : rest * DoubleMath.exp(chunk.exponent * DoubleMath.LN2 - x));
    }

    /** The rest with what its {@link HeavySums} lack, if there may be any. */
    private double mended(RowKernel kernel, int excluded, double rest) {
        return chunk.mayBeHeavy(rest, chunk.top, false) ? chunk.heavy().mended(kernel, excluded, false, rest) : rest;
    }

    /** The sum without the excluded element, all of it in double. */
    private double sumOthersInDouble(RowKernel kernel, int excluded) {
        double sum = 0;
        for (int from = 0; from < elements.positions; from += BLOCK) {
            int n = Math.min(BLOCK, elements.positions - from);
            chunk.gatherWithHole(kernel, from, n, excluded);
            for (int i = 0; i < STREAMS * n; i += sums.length) sum += sumInDouble(kernel, i, Math.min(sums.length, STREAMS * n - i));
        }
        return sum;
    }

    /** Of n elements in scratch, a multiple of 8. */
    private double sumInDouble(RowKernel kernel, int from, int n) {
        double scale = chunk.scale();
        double unit = chunk.exponent * DoubleMath.LN2;
        for (int i = 0; i < n; i++) sums[i] = scale * scratch[from + i] - unit;
        kernel.exp(sums, n);
        double even = 0;
        double odd = 0;
        for (int i = 0; i < n; i += 4) {
            even += sums[i] + sums[i + 2];
            odd += sums[i + 1] + sums[i + 3];
        }
        return even + odd;
    }

    /** A chunk with NaN or infinities, or whose largest element is beyond +-2^19: x - max is exact or rounds without effect. */
    void sumHuge(RowKernel kernel, int excluded, LogSum result) {
        float max = Float.NEGATIVE_INFINITY;
        int first = 0;
        for (int i = 0; i < elements.length; i++) {
            float x = elements.element(i);
            if (i == excluded || x <= max) continue;
            max = x;
            first = i;
            if (Float.isNaN(x)) break;
        }
        result.set(max, 0, 0);
        if (!Float.isFinite(max)) return;
        chunk.exponent = 0;
        double sum = 0;
        int at = elements.positionOf(first);
        for (int from = 0; from < elements.positions; from += BLOCK) {
            int n = Math.min(BLOCK, elements.positions - from);
            elements.gather(kernel, from, n, excluded, Float.NEGATIVE_INFINITY, scratch);
            if (at >= from && at < from + n) scratch[elements.streamOf(first) * n + at - from] = Float.NEGATIVE_INFINITY;
            for (int i = 0; i < STREAMS * n; i++) scratch[i] = Math.max(scratch[i] - max, chunk.constants[Exp2.PADDING]);
            chunk.sumScratch(kernel, n);
            sum += chunk.fold(kernel, n);
        }
        result.set(chunk.scale() * max, 1, sum);
    }
}
