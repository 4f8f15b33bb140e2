package io.github.surprisal.bench;

import java.util.List;
import java.util.OptionalDouble;

/** What the machine allows, from the probes of the same run. */
final class Bounds {

    private final List<Measurement> memory;
    private final OptionalDouble floatsPerSecond;

    /** {@code lanes} are the floats of a vector of the arithmetic probe. */
    Bounds(List<Measurement> all, int lanes) {
        memory = all.stream().filter(m -> m.job().isMemoryProbe()).toList();
        floatsPerSecond = all.stream().filter(m -> m.job().isArithmeticProbe()).mapToDouble(m -> m.rate() * lanes).max();
    }

    /** Fused multiply-adds of floats, in 1e9 per second. */
    OptionalDouble floatsPerSecond() {
        return floatsPerSecond;
    }

    /** How fast the recipe of a job's family could be if vector arithmetic were all it did, in Gelem/s. */
    OptionalDouble arithmetic(Job job) {
        return job.vectorOperations() == 0 || floatsPerSecond.isEmpty() ? OptionalDouble.empty()
                : OptionalDouble.of(floatsPerSecond.getAsDouble() / job.vectorOperations());
    }

    /**
     * How fast the job could be if it only moved its data, in Gelem/s: the best of its probes, twice that for elements half as wide;
     * unknown for several threads.
     */
    OptionalDouble memory(Job job) {
        return job.isShared() ? OptionalDouble.empty()
                : probes(job).stream().mapToDouble(probe -> probe.rate() * job.bytesOfFamily() / job.bytesPerElement()).max();
    }

    /** The lower of the two. */
    OptionalDouble lowest(Job job) {
        var arithmetic = arithmetic(job);
        var memory = memory(job);
        return arithmetic.isEmpty() ? memory : memory.isEmpty() ? arithmetic
                : OptionalDouble.of(Math.min(arithmetic.getAsDouble(), memory.getAsDouble()));
    }

    List<Measurement> probes(Job job) {
        return memory.stream().filter(probe -> job.isBoundedBy(probe.job())).toList();
    }
}
