package smoke;

import io.github.surprisal.Backend;
import io.github.surprisal.LogSumExp;

/** What a user of the library would write first. Prints the bits of one result, and the backend that computed it. */
public final class Smoke {
    private Smoke() {}

    public static void main(String[] args) {
        float[] logits = new float[4099]; // several vectors and a tail, at any width
        for (int i = 0; i < logits.length; i++) {
            logits[i] = (i * 37 % 1000) / 50f - 10f;
        }
        System.out.println(Integer.toHexString(Float.floatToRawIntBits(LogSumExp.of(logits))));
        System.out.println(Backend.active().name());
        System.out.println(Backend.active().reason());
    }
}
