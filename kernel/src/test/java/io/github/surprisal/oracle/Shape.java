package io.github.surprisal.oracle;

import java.util.SplittableRandom;

/**
 * Rows of logits by name, each with the reason why it exists. No shape holds NaN or +inf: those have tests of their
 * own. A row is a function of shape, length and seed alone; a row is not a prefix of a longer one.
 */
public enum Shape {
    NORMAL("logits of a fresh model: every term counts", (x, random) -> {
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) random.nextGaussian();
        }
    }),
    NORMAL_3("logits of a trained model: the largest lead but do not decide alone", (x, random) -> {
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) (3 * random.nextGaussian());
        }
    }),
    WIDE("sigma 30: a rounded x - max costs up to 33 ulp here, and most terms vanish", (x, random) -> {
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) (30 * random.nextGaussian());
        }
    }),
    OFFSET("1e4 + normal: exp overflows unless shifted, the reduction of x must stay exact", (x, random) -> {
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) (1e4 + random.nextGaussian());
        }
    }),
    NEGATIVE_OFFSET("-1e4 + normal: exp underflows unless shifted, padding with 0 would win", (x, random) -> {
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) (-1e4 + random.nextGaussian());
        }
    }),
    BELOW_MINUS_100("uniform in [-200, -100]: every exp(x) is 0 or subnormal in float", (x, random) -> {
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) random.nextDouble(-200, -100);
        }
    }),
    TIES("five integers: the maximum is tied, and float lanes drift on equal terms", (x, random) -> {
        for (int i = 0; i < x.length; i++) {
            x[i] = random.nextInt(-2, 3);
        }
    }),
    EQUAL("one value everywhere: x + log n, where a flat float sum is many ulp off", (x, random) -> {
        float value = (float) (3 * random.nextGaussian());
        for (int i = 0; i < x.length; i++) {
            x[i] = value;
        }
    }),
    SIGNED_ZEROS("zeros of both signs: log n, and the sign must not reach an integer comparison", (x, random) -> {
        for (int i = 0; i < x.length; i++) {
            x[i] = random.nextBoolean() ? 0f : -0f;
        }
    }),
    INTEGERS("integers of sigma 8, as quantized logits are: ties at every level", (x, random) -> {
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) Math.rint(8 * random.nextGaussian());
        }
    }),
    BFLOAT16("normal, sigma 3, rounded to bfloat16: few distinct values, errors of equal terms add up", (x, random) -> {
        for (int i = 0; i < x.length; i++) {
            int bits = Float.floatToRawIntBits((float) (3 * random.nextGaussian()));
            x[i] = Float.intBitsToFloat(bits + 0x7fff + (bits >>> 16 & 1) & 0xffff0000);
        }
    }),
    DOMINANT("one element 20 to 110 above the others: what they add is lost in 1 + rest", (x, random) -> {
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) random.nextGaussian();
        }
        if (x.length > 0) {
            x[random.nextInt(x.length)] = (float) random.nextDouble(20, 110);
        }
    }),
    DOMINANT_ZERO("a 0 above elements near -20 to -100: the result is the rest alone, down to 1e-44", (x, random) -> {
        double low = random.nextDouble(-100, -20);
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) Math.min(low + random.nextGaussian(), -1);
        }
        if (x.length > 0) {
            x[random.nextInt(x.length)] = 0f;
        }
    }),
    FEW("one to three elements that outweigh the others together: what is rounded where they are added does not average out", (x, random) -> {
        double high = random.nextDouble(-10, 10);
        double low = high - random.nextDouble(4, 16);
        double spread = random.nextInt(3) == 0 ? 0 : random.nextDouble(3);
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) (low - spread * random.nextDouble());
        }
        for (int k = random.nextInt(3); k >= 0 && x.length > 0; k--) {
            x[random.nextInt(x.length)] = (float) (high - k * random.nextDouble());
        }
    }),
    NEAR_ZERO("log p of a random distribution: the result is a cancellation down to rounding noise", (x, random) -> {
        double[] p = new double[x.length];
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            p[i] = -StrictMath.log(1 - random.nextDouble());
            sum += p[i];
        }
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) StrictMath.log(Math.max(p[i], 0x1p-53) / sum);
        }
    }),
    LOG_PROBABILITIES("log-softmax of sigma 10, given as logits: 0 to -100, lse ~ 0", (x, random) -> {
        double[] logits = new double[x.length];
        double max = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < x.length; i++) {
            logits[i] = 10 * random.nextGaussian();
            max = Math.max(max, logits[i]);
        }
        double sum = 0;
        for (double logit : logits) {
            sum += StrictMath.exp(logit - max);
        }
        double lse = max + StrictMath.log(sum);
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) (logits[i] - lse);
        }
    }),
    MASKED("half -inf, some -1e9 and -3.4e38, as masks are written; short rows may be all mask", (x, random) -> {
        for (int i = 0; i < x.length; i++) {
            x[i] = switch (random.nextInt(16)) {
                case 0, 1, 2, 3, 4, 5, 6, 7 -> Float.NEGATIVE_INFINITY;
                case 8, 9 -> -1e9f;
                case 10 -> -Float.MAX_VALUE;
                default -> (float) (3 * random.nextGaussian());
            };
        }
    }),
    CAUSAL_MASK("a -inf suffix behind 1 to n logits: whole blocks of mask, an edge anywhere", (x, random) -> {
        int end = x.length == 0 ? 0 : random.nextInt(1, x.length + 1);
        for (int i = 0; i < x.length; i++) {
            x[i] = i < end ? (float) (3 * random.nextGaussian()) : Float.NEGATIVE_INFINITY;
        }
    }),
    PADDED_FRONT("a -inf prefix before 1 to n logits, so that the first blocks have no maximum", (x, random) -> {
        int start = x.length == 0 ? 0 : random.nextInt(x.length);
        for (int i = 0; i < x.length; i++) {
            x[i] = i >= start ? (float) (3 * random.nextGaussian()) : Float.NEGATIVE_INFINITY;
        }
    }),
    HUGE("up to 3e38, both signs, every magnitude from 1: x - y overflows, x * log2(e) too", (x, random) -> {
        for (int i = 0; i < x.length; i++) {
            double magnitude = StrictMath.exp(random.nextDouble(0, 88.6));
            x[i] = (float) (random.nextBoolean() ? magnitude : -magnitude);
        }
    }),
    HUGE_NEGATIVE("near -3e38 and -1e9 only: a maximum that looks like a mask is still the maximum", (x, random) -> {
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) (random.nextBoolean() ? -3e38 - 4e37 * random.nextDouble()
                    : -1e9 - 64 * random.nextInt(4));
        }
    }),
    LARGE("normal, sigma 4, around 2^k or -2^k, k = 16 to 24: range reductions reach their limit", (x, random) -> {
        double centre = Math.scalb(random.nextBoolean() ? 1.0 : -1.0, random.nextInt(16, 25));
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) (centre + 4 * random.nextGaussian());
        }
    }),
    SUBNORMAL("subnormal logits of both signs: log n, at full speed and without flushing surprises", (x, random) -> {
        for (int i = 0; i < x.length; i++) {
            int bits = random.nextInt(1, 0x00800000);
            x[i] = Float.intBitsToFloat(random.nextBoolean() ? bits : bits | 0x80000000);
        }
    }),
    BOUNDARIES("within 3 ulp of k ln 2 and (k + 1/2) ln 2: where a term's scale or reduced sign flips", (x, random) -> {
        for (int i = 0; i < x.length; i++) {
            float boundary = (float) (random.nextInt(-60, 61) / 2.0 * 0.6931471805599453);
            x[i] = boundary + random.nextInt(-3, 4) * Math.ulp(boundary);
        }
    }),
    ASCENDING("from -200 to 200 in order: every block brings a new maximum and dwarfs the sum so far", (x, random) -> {
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) (-200 + 400.0 * (i + random.nextDouble()) / x.length);
        }
    }),
    DESCENDING("from 200 to -200 in order: the first block decides, later ones underflow to nothing", (x, random) -> {
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) (200 - 400.0 * (i + random.nextDouble()) / x.length);
        }
    });

    private final String reason;
    private final Filler filler;

    Shape(String reason, Filler filler) {
        this.reason = reason;
        this.filler = filler;
    }

    public String reason() {
        return reason;
    }

    /** A new row of n logits; the same n and seed give the same row. */
    public float[] fill(int n, long seed) {
        float[] x = new float[n];
        filler.fill(x, new SplittableRandom(seed));
        return x;
    }

    @FunctionalInterface
    private interface Filler {
        void fill(float[] x, SplittableRandom random);
    }
}
