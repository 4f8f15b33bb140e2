package io.github.surprisal.kernel;

/** Losses of rows that lie elsewhere than in row-major arrays, by way of tiles that do. Scratch for one thread. */
final class TiledLoss {
    private final RowTile probabilities = new RowTile();
    private final LossCall tile = new LossCall();
    private final double[] losses = new double[LossCall.GROUP];

    static boolean suits(LossCall call) {
        int columns = call.logits.columns();
        boolean straight = call.logits.straight() && (call.gradient == null || call.gradient.straight())
                && (call.probabilities == null || call.probabilities.straight());
        return !straight && columns > 0 && columns <= RowTile.MAX_COLUMNS;
    }

    /** As {@link RowLoss#run}, which does the tiles. */
    double run(RowLoss rowLoss, LossCall call, int from, int to, long[] correct, double[] each) {
        RowTile logits = RowTile.ofThread();
        Rows rows = logits.shape(call.logits, LossBatch.coversShort(call));
        Rows targets = call.probabilities == null ? null : probabilities.shape(call.probabilities, false);
        double sum = 0;
        try {
            for (int r = from, count; r < to; r += count) {
                count = logits.countFrom(call.logits, r, to);
                logits.load(call.kernel, call.logits, r, count);
                if (targets != null) probabilities.load(call.kernel, call.probabilities, r, count);
                tile.startTile(call, r, rows, targets);
                rowLoss.run(tile, 0, count, correct, losses);
                if (call.gradient != null) logits.store(call.kernel, call.gradient, r, count);
                for (int k = 0; k < count; k++) {
                    if (call.losses != null) call.losses[r + k] = DoubleMath.toFloat(losses[k]);
                    if (each != null) each[r + k] = losses[k];
                    sum += losses[k];
                }
            }
        } finally {
            tile.clear();
        }
        return sum;
    }
}
