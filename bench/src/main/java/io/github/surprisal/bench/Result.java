package io.github.surprisal.bench;

import java.util.Arrays;
import java.util.List;

/** One benchmark in JMH's JSON. {@code forks} holds the scores of each fork's iterations, sums over the threads. */
record Result(Job job, int threads, List<String> jvmArguments, List<double[]> forks, double error) {

    /** The JVM's flags, without the argument that is only where its notes go. */
    List<String> flags() {
        return jvmArguments.stream().filter(argument -> !Notes.isArgument(argument)).toList();
    }

    double[] scores() {
        return forks.stream().flatMapToDouble(Arrays::stream).toArray();
    }

    /** The median, because other users of a shared machine slow some iterations down and speed none up. */
    double median() {
        return median(scores());
    }

    /** One score of each fork: its iterations are not independent of one another. */
    double[] medianOfForks() {
        return forks.stream().mapToDouble(Result::median).toArray();
    }

    static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
