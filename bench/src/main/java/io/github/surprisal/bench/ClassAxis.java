package io.github.surprisal.bench;

/** Moves the class axis: from (outer, inner, classes), which is row-major, to (outer, classes, inner) and back. */
final class ClassAxis {

    private ClassAxis() {
    }

    static float[] toMiddle(float[] rowMajor, int outer, int classes, int inner) {
        return swapLastTwo(rowMajor, outer, inner, classes);
    }

    static float[] toRowMajor(float[] middle, int outer, int classes, int inner) {
        return swapLastTwo(middle, outer, classes, inner);
    }

    private static float[] swapLastTwo(float[] x, int outer, int second, int third) {
        var swapped = new float[x.length];
        for (int n = 0; n < outer; n++) {
            int from = n * second * third;
            for (int i = 0; i < second; i++) {
                for (int j = 0; j < third; j++) {
                    swapped[from + j * second + i] = x[from + i * third + j];
                }
            }
        }
        return swapped;
    }
}
