package io.github.surprisal.kernel;

import java.util.Arrays;

/**
 * The gradient of one row: factor * p_c - minus_c, p_c the probabilities, and one element apart. Written piece by piece, and by
 * several threads if need be: the fields say what, and each thread writes with a writer of its own.
 */
final class RowGradient {
    /** What is subtracted. */
    enum Minus {
        NOTHING,
        /** The same from every element. */
        UNIFORM,
        /** A multiple of the weights or of the coefficients of probability targets. */
        MULTIPLE
    }

    private int exponent;
    private double power;
    private boolean huge;
    private float max;
    private double wholeFactor;
    private double factor; // what the terms have not taken of it
    private Minus minus;
    private double times;
    private int apart;
    private float valueApart;

    /** The row's log-sum-exp, and e^{@link RowWriter#powerOf} of it. */
    RowGradient start(double lse, double power, double factor) {
        wholeFactor = factor;
        setTerms(lse, power);
        huge = false;
        minus = Minus.NOTHING;
        return this;
    }

    /** For a row whose log-sum-exp is huge: that relative to the largest element. */
    void relativeTo(float max, double lse) {
        this.max = max;
        setTerms(lse, DoubleMath.exp(RowWriter.powerOf(lse)));
        huge = true;
    }

    private void setTerms(double lse, double power) {
        exponent = RowWriter.exponentOf(lse);
        this.power = power;
        factor = wholeFactor;
        if (RowWriter.isFloat(factor * power)) return;
        int up = RowWriter.powersForTerms(factor * power);
        exponent -= up;
        factor = RowWriter.lessened(factor * power, up);
        this.power = 1;
    }

    void subtract(Minus minus, double times) {
        this.minus = minus;
        this.times = times;
    }

    /** Element apart (-1 for none) gets this value. */
    void setApart(int apart, float value) {
        this.apart = apart;
        valueApart = value;
    }

    /** Scratch for one thread. */
    static final class Writer {
        private static final int PIECE = RowKernel.BLOCK;

        private final RowWriter writer = new RowWriter();
        private final RowPieces logits;
        private final RowPieces uncapped = new RowPieces();
        private final Coefficients coefficients;
        private final float[] minus = new float[PIECE];
        private final float[] scratch = new float[Store.PIECE];

        /** With scratch that nobody else uses meanwhile. */
        Writer(RowPieces logits, Coefficients coefficients) {
            this.logits = logits;
            this.coefficients = coefficients;
        }

        /** Multiplies the terms kept of row r: see {@link RowWriter#scale}. */
        void scale(LossCall call, int r, float[] terms, int from, int exponent, double lse, double power, double factor) {
            Rows out = call.gradient;
            writer.scale(call.kernel, terms, from, out.columns(), exponent, RowWriter.exponentOf(lse), power, factor, out.data(), out.start(r));
        }

        /** Writes elements from .. to of row r. */
        void write(LossCall call, int r, RowGradient g, int from, int to) {
            Rows x = call.logits;
            Rows out = call.gradient;
            LossOptions options = call.options;
            boolean capped = options.softcap() != 0;
            logits.start(call.kernel, x, r, options);
            if (capped) uncapped.start(call.kernel, x, r, null);
            if (g.minus == Minus.UNIFORM) Arrays.fill(minus, (float) g.times);
            if (g.minus == Minus.MULTIPLE) coefficients.start(call, r);
            boolean direct = x.direct() && !options.copies() && !g.huge;
            if (direct && out.direct()) {
                writeOffHeap(call, r, g, from, to);
            } else {
                boolean inPlace = out.inPlace() && !capped;
                int most = g.huge || g.minus != Minus.NOTHING ? PIECE : inPlace && !direct ? logits.length() : Store.PIECE;
                int n;
                for (long c = from; c < to; c += n) {
                    n = (int) Math.min(most, to - c);
                    piece(call, r, g, (int) c, n, direct, inPlace ? out.data() : scratch, inPlace ? out.start(r) + (int) c : 0);
                    if (!inPlace) out.put(call.kernel, r, (int) c, n, scratch, 0);
                }
            }
            logits.end();
            uncapped.end();
            coefficients.end();
        }

        private void writeOffHeap(LossCall call, int r, RowGradient g, int from, int to) {
            Rows x = call.logits;
            Rows out = call.gradient;
            int most = g.minus != Minus.NOTHING ? PIECE : Rows.LEAF;
            int n;
            for (long c = from; c < to; c += n) {
                n = (int) Math.min(most, to - c);
                if (g.minus == Minus.MULTIPLE) coefficients.multiply((int) c, n, g.times, minus);
                writer.write(call.kernel, call.options.constants(), x.store(), x.position(r) + c, n, g.exponent, g.power, g.factor,
                        g.minus == Minus.NOTHING ? null : minus, out.store(), out.position(r) + c);
                if (g.apart >= c && g.apart < c + n) out.set(r, g.apart, g.valueApart);
            }
        }

        private void piece(LossCall call, int r, RowGradient g, int c, int n, boolean direct, float[] out, int to) {
            LossOptions options = call.options;
            if (g.minus == Minus.MULTIPLE) coefficients.multiply(c, n, g.times, minus);
            float[] subtracted = g.minus == Minus.NOTHING ? null : minus;
            if (direct) {
                writer.write(call.kernel, options.constants(), call.logits.store(), call.logits.position(r) + c, n, g.exponent, g.power, g.factor,
                        subtracted, out, to);
            } else {
                logits.load(c, n);
                writer.write(call.kernel, options.constants(), logits.array(), logits.at(), n, g.exponent, g.power, g.huge, g.max, g.factor, subtracted, 0,
                        out, to);
            }
            if (g.apart >= c && g.apart < c + n) out[to + g.apart - c] = g.valueApart;
            if (options.softcap() != 0) {
                uncapped.load(c, n);
                options.multiplyBySlope(call.kernel, uncapped.array(), uncapped.at(), n, out, to);
            }
        }
    }
}
