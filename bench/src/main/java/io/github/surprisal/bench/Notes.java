package io.github.surprisal.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import org.openjdk.jmh.infra.BenchmarkParams;

/**
 * What a fork tells the report besides its timings, one small file per benchmark and shape: only the fork knows the
 * backend it ran on and the accuracy it reached.
 */
final class Notes {

    static final String BACKEND = "backend";
    static final String REASON = "reason";
    static final String LANES = "lanes";
    static final String ALLOCATED_BYTES = "allocated-bytes";
    static final String MAX_ULPS = "max-ulps";
    static final String CURVE = "curve";
    /** Added by the program, which knows the number of operations: {@link #ALLOCATED_BYTES} over it. */
    static final String BYTES_PER_OPERATION = "bytes-per-operation";

    private static final String DIRECTORY = "surprisal.bench.notes";

    private Notes() {
    }

    /** The JVM argument that makes a fork write its notes. */
    static String argument(Path directory) {
        return "-D" + DIRECTORY + "=" + directory;
    }

    static boolean isArgument(String jvmArgument) {
        return jvmArgument.startsWith("-D" + DIRECTORY + "=");
    }

    /** Called in the fork, by each of its threads. Does nothing when JMH was started without the report. */
    static synchronized void write(BenchmarkParams params, Properties notes) {
        String directory = System.getProperty(DIRECTORY);
        if (directory == null) {
            return;
        }
        Path file = file(Path.of(directory), params);
        try (var writer = Files.newBufferedWriter(file)) {
            notes.store(writer, null);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Called by the report. Empty when the fork wrote none. */
    static Properties read(Path directory, BenchmarkParams params) {
        var notes = new Properties();
        Path file = file(directory, params);
        if (Files.exists(file)) {
            try (var reader = Files.newBufferedReader(file)) {
                notes.load(reader);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return notes;
    }

    private static Path file(Path directory, BenchmarkParams params) {
        return directory.resolve(params.getBenchmark() + "-" + params.getParam("shape") + ".properties");
    }
}
