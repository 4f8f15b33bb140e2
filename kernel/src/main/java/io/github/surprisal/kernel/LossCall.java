package io.github.surprisal.kernel;

/**
 * What one call of a cross-entropy computes: checked inputs, and where results go. Rows are independent; {@link RowLoss} does
 * some of them.
 */
public final class LossCall {
    /** Losses are added up in groups of so many rows, in order, and the groups by a fixed binary split of the row range. */
    public static final int GROUP = 256;

    private static final ThreadLocal<LossCall> OF_THREAD = new ThreadLocal<>();

    RowKernel kernel;
    LossOptions options;
    Rows logits;
    private int[] intTargets;
    private long[] longTargets;
    private long ignoreIndex;
    Rows probabilities;
    /** Null, or where each row's loss goes. */
    float[] losses;
    /** Null, or where the gradient goes; may be logits. */
    Rows gradient;
    /** What the gradient of the sum of the losses is multiplied with. */
    double factor;
    boolean countsCorrect;
    /** Threads among which single rows are shared out, or null. */
    Parts parts;
    /** Whether the logits are in a tile already. */
    boolean tiled;

    private long kept;
    private final long[] correct = new long[1];

    LossCall() {}

    /** The calling thread's own, so that serial calls allocate nothing; threads of a pool may do parts of it. {@link #clear} when done. */
    public static LossCall ofThread() {
        LossCall own = OF_THREAD.get();
        if (own == null) OF_THREAD.set(own = new LossCall());
        return own;
    }

    /** What every call has. */
    public LossCall start(RowKernel kernel, LossOptions options, Rows logits, float[] losses, Rows gradient) {
        this.kernel = kernel;
        this.options = options;
        this.logits = logits;
        this.losses = losses;
        this.gradient = gradient;
        probabilities = null;
        factor = 1;
        countsCorrect = false;
        parts = null;
        tiled = false;
        kept = 0;
        correct[0] = 0;
        return this;
    }

    /**
     * Makes this a part of a call: of rows brought to other places, with these options and targets, -1 for ignored ones. Its gradient goes where the logits
     * are.
     */
    void startTile(LossCall whole, LossOptions options, Rows logits, int[] targets, Rows probabilities) {
        start(whole.kernel, options, logits, null, whole.gradient == null ? null : logits);
        this.probabilities = probabilities;
        tiled = true;
        factor = whole.factor;
        countsCorrect = whole.countsCorrect;
        intTargets = targets;
        longTargets = null;
        ignoreIndex = -1;
    }

    public void withProbabilities(Rows probabilities) {
        this.probabilities = probabilities;
    }

    /** With index targets, one of int and long; checks them all and returns the sum of the weights of those of kept rows. */
    public double withTargets(int[] ints, long[] longs, long ignoreIndex) {
        intTargets = ints;
        longTargets = longs;
        this.ignoreIndex = ignoreIndex;
        return weigh();
    }

    public void withFactor(double factor) {
        this.factor = factor;
    }

    /** From here on the right argmaxes are counted. */
    public void countCorrect() {
        countsCorrect = true;
    }

    /** Keeps no caller's data alive. */
    public void clear() {
        kernel = null;
        options = null;
        logits = null;
        losses = null;
        gradient = null;
        probabilities = null;
        parts = null;
        intTargets = null;
        longTargets = null;
    }

    public long kept() {
        return kept;
    }

    public long correct() {
        return correct[0];
    }

    /** The target of row r, or -1 if it is ignored. Read and checked here once a use: another thread may write to the array. */
    int target(int r) {
        long y = intTargets != null ? intTargets[r] : longTargets[r];
        return y == ignoreIndex ? -1 : checked(r, y, logits.columns());
    }

    /**
     * Puts the targets of the rows r .. r + count, -1 for ignored ones, into to; true if there are none of those. Read here once, and checked
     * on the copy: see {@link #target}. Loops without branches, because targets are as random as anything.
     */
    boolean targets(int r, int count, int[] to) {
        int classes = logits.columns();
        boolean inside = false;
        if (intTargets != null) {
            System.arraycopy(intTargets, r, to, 0, count);
            inside = inside(to, count, classes);
            if (inside && (ignoreIndex < 0 || ignoreIndex >= classes)) return true;
        }
        boolean kept = true;
        for (int k = 0; k < count; k++) {
            long y = intTargets != null ? to[k] : longTargets[r + k];
            to[k] = y == ignoreIndex ? -1 : checked(r + k, y, classes);
            kept &= to[k] >= 0;
        }
        return kept;
    }

    /** Whether all targets, ignored ones too, are classes. */
    private static boolean inside(int[] targets, int count, int classes) {
        int outside = 0;
        for (int k = 0; k < count; k++) outside |= targets[k] | classes - 1 - targets[k];
        return outside >= 0;
    }

    /** -1 if a is not b, else 0: C2 vectorises this, and no branch. */
    private static int differ(int a, int b) {
        int difference = a ^ b;
        return (difference | -difference) >> 31;
    }

    static int checked(int r, long y, int classes) {
        if (y < 0 || y >= classes) {
            throw new IndexOutOfBoundsException("target of row " + r + " is " + y + ", there are " + classes + " classes");
        }
        return (int) y;
    }

    private double weigh() {
        float[] weights = options.weights();
        if (weights != null) return weigh(weights, 0, logits.rows());
        int rows = logits.rows();
        for (long r = 0; r < rows; r += Rows.LEAF) count((int) r, (int) Math.min(rows, r + Rows.LEAF));
        return kept;
    }

    private void count(int from, int to) {
        if (intTargets != null && countKept(from, to)) return;
        for (int r = from; r < to; r++) {
            if (target(r) >= 0) kept++;
        }
    }

    /** Counts kept rows in loops that C2 vectorises; false, with nothing counted, if a target is out of range. */
    private boolean countKept(int from, int to) {
        int ignored = (int) ignoreIndex;
        int classes = logits.columns();
        int outside = 0;
        for (int r = from; r < to; r++) outside |= (intTargets[r] | classes - 1 - intTargets[r]) & differ(intTargets[r], ignored);
        if (outside < 0) return false;
        int counts = 0;
        for (int r = from; r < to; r++) counts += differ(intTargets[r], ignored);
        kept -= counts;
        return true;
    }

    /** In the fixed order of sums. */
    private double weigh(float[] weights, int from, int to) {
        if (to - from > GROUP) {
            int middle = middle(from, to);
            return weigh(weights, from, middle) + weigh(weights, middle, to);
        }
        double sum = 0;
        for (int r = from; r < to; r++) {
            int y = target(r);
            if (y < 0) continue;
            sum += weights[y];
            kept++;
        }
        return sum;
    }

    /** Where the range of rows is split: a whole number of groups from its start, more than GROUP rows given. */
    public static int middle(int from, int to) {
        int groups = (to - from - 1) / GROUP + 1;
        return from + groups / 2 * GROUP;
    }

    /** The sum of the losses of all rows, on this thread. */
    public double run() {
        return run(RowLoss.ofThread(), 0, logits.rows());
    }

    /** As {@link #run()}, with each row shared out among threads. The scratch is a new one: parts of rows on this thread use its own. */
    public double run(Parts parts) {
        this.parts = parts;
        return run(new RowLoss(), 0, logits.rows());
    }

    private double run(RowLoss rowLoss, int from, int to) {
        if (to - from <= GROUP) return rowLoss.run(this, from, to, correct, null);
        int middle = middle(from, to);
        return run(rowLoss, from, middle) + run(rowLoss, middle, to);
    }

    /** Puts the sums from .. to, each of the losses of so many rows, 1 or {@link #GROUP}, into sums: several threads may do a part each. */
    public void run(int from, int to, int unit, double[] sums) {
        long[] right = new long[1];
        RowLoss rowLoss = RowLoss.ofThread();
        if (unit == 1) {
            rowLoss.run(this, from, to, right, sums);
        } else {
            for (int g = from; g < to; g++) {
                sums[g] = rowLoss.run(this, g * GROUP, (int) Math.min(logits.rows(), (g + 1L) * GROUP), right, null);
            }
        }
        synchronized (correct) {
            correct[0] += right[0];
        }
    }

    /** The sum of sums[from .. to), so many of which make a group, with the bits of {@link #run()}. */
    public static double sum(double[] sums, int from, int to, int group) {
        if (to - from <= group) {
            double sum = 0;
            for (int i = from; i < to; i++) sum += sums[i];
            return sum;
        }
        int groups = (to - from - 1) / group + 1;
        int middle = from + groups / 2 * group;
        return sum(sums, from, middle, group) + sum(sums, middle, to, group);
    }

    /** The sum of -w_y x_y of rows from .. to, the logits being logarithms already, and its gradient; in the fixed order of sums. */
    public double likelihood(int from, int to) {
        if (to - from > GROUP) {
            int middle = middle(from, to);
            return likelihood(from, middle) + likelihood(middle, to);
        }
        double sum = 0;
        for (int r = from; r < to; r++) {
            int y = target(r);
            double weight = y < 0 ? 0 : options.weight(y);
            double loss = weight == 0 ? 0 : 0.0 - weight * logits.get(r, y);
            if (gradient != null) {
                gradient.fill(r, 0);
                if (y >= 0) gradient.set(r, y, (float) (0.0 - weight * factor));
            }
            if (losses != null) losses[r] = DoubleMath.toFloat(loss);
            sum += loss;
        }
        return sum;
    }
}
