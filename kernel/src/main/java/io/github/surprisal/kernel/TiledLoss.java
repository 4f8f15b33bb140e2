package io.github.surprisal.kernel;

/**
 * Losses of rows by way of tiles, which are rows of an array: of rows that lie in other ways, and of short ones with a softcap, which is applied to a whole
 * tile at once. Scratch for one thread.
 */
final class TiledLoss {
    private final RowTile probabilities = new RowTile();
    private final LossCall tile = new LossCall();
    private final double[] losses = new double[LossCall.GROUP];
    private final int[] targets = new int[LossCall.GROUP]; // read once: another thread may write to the caller's array

    static boolean suits(LossCall call) {
        int columns = call.logits.columns();
        boolean straight = call.logits.straight() && (call.gradient == null || call.gradient.straight())
                && (call.probabilities == null || call.probabilities.straight());
        return !straight && columns > 0 && columns <= RowTile.MAX_COLUMNS;
    }

    /** Whether the softcap is applied to the tile. Of the gradients the slopes are needed, and for them the logits as they were. */
    static boolean caps(LossCall call) {
        int columns = call.logits.columns();
        return call.options.softcap() != 0 && call.probabilities == null && !call.tiled && columns > 0 && columns <= BatchShape.SHORT
                && (call.gradient == null || call.logits.inPlace());
    }

    /** As {@link RowLoss#run}, which does the tiles. */
    double run(RowLoss rowLoss, LossCall call, int from, int to, long[] correct, double[] each) {
        RowTile logits = RowTile.ofThread();
        boolean caps = caps(call);
        Rows rows = logits.shape(call.logits, caps || LossBatch.coversShort(call));
        Rows given = call.probabilities == null ? null : probabilities.shape(call.probabilities, false);
        double sum = 0;
        try {
            for (int r = from, count; r < to; r += count) {
                count = logits.countFrom(call.logits, r, to);
                logits.load(call.kernel, call.logits, r, count);
                if (caps) logits.prepare(call.kernel, call.options, count);
                if (given != null) probabilities.load(call.kernel, call.probabilities, r, count);
                else call.targets(r, count, targets);
                tile.startTile(call, caps ? call.options.ofCapped() : call.options, rows, targets, given);
                if (caps) tile.countsCorrect = false; // by the logits as they are
                rowLoss.run(tile, 0, count, correct, losses);
                if (caps && call.countsCorrect) countCorrect(rowLoss, call, r, count, correct);
                if (caps && call.gradient != null) multiplyBySlopes(call, logits, r, count);
                if (call.gradient != null) logits.store(call.kernel, call.gradient, r, count);
                for (int k = 0; k < count; k++) {
                    RowLoss.putLoss(call, r + k, losses[k], each);
                    sum += losses[k];
                }
            }
        } finally {
            tile.clear();
        }
        return sum;
    }

    /** By the logits as given: a saturated softcap makes different ones equal. Of kept rows that have a loss. */
    private void countCorrect(RowLoss rowLoss, LossCall call, int r, int count, long[] correct) {
        for (int k = 0; k < count; k++) {
            int y = targets[k];
            if (y >= 0 && !Double.isNaN(losses[k]) && rowLoss.isFirstMax(call, r + k, y)) correct[0]++;
        }
    }

    /** Makes gradients with respect to capped logits those with respect to the logits, which have not been overwritten yet. */
    private void multiplyBySlopes(LossCall call, RowTile gradients, int r, int count) {
        gradients.multiplyBySlope(call.kernel, call.options, call.logits, r, count);
        for (int k = 0; k < count; k++) { // whatever the slopes there were
            if (targets[k] < 0) gradients.fill(k, 0);
            else if (Double.isNaN(losses[k])) gradients.fill(k, Float.NaN);
        }
    }
}
