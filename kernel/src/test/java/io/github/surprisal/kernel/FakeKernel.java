package io.github.surprisal.kernel;

/** A scalar kernel that says it is wider, and whose results may be off by one bit in one place. */
class FakeKernel implements RowKernel {
    /** Which output is off. */
    enum Fault {
        NONE, PARTIAL, TOP, FOLD, LOG, MASKED, MASK_TOP
    }

    private final RowKernel scalar = new ScalarKernel();
    private final Fault fault;
    private final int lanes;
    private final int at;

    FakeKernel(Fault fault, int lanes) {
        this(fault, lanes, 0);
    }

    /** Where the output is an array: only element at is off. */
    FakeKernel(Fault fault, int lanes, int at) {
        this.fault = fault;
        this.lanes = lanes;
        this.at = at;
    }

    @Override
    public int lanes() {
        return lanes;
    }

    @Override
    public void sum(float[] x, int from, int step, int stream, int n, int first, int count, int e, float[] partials, int[] tops) {
        scalar.sum(x, from, step, stream, n, first, count, e, partials, tops);
        if (fault == Fault.PARTIAL && at < n) partials[at] = Math.nextUp(partials[at]);
        if (fault == Fault.TOP) tops[0] ^= 1;
    }

    @Override
    public void fold(float[] partials, int n, int count, double[] sums) {
        scalar.fold(partials, n, count, sums);
        if (fault == Fault.FOLD) sums[0] = Math.nextUp(sums[0]);
    }

    @Override
    public void log(double[] x, int n) {
        scalar.log(x, n);
        if (fault == Fault.LOG && at < n) x[at] = Math.nextUp(x[at]);
    }

    @Override
    public int mask(float[] x, int n) {
        int top = scalar.mask(x, n);
        if (fault == Fault.MASKED && at < n) x[at] = Math.nextUp(x[at]);
        return fault == Fault.MASK_TOP ? top ^ 1 : top;
    }
}
