package io.github.surprisal.bench;

import io.github.surprisal.Backend;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Prints the backend of its JVM. A program of its own: the one that starts the benchmarks may run without the module. */
public final class BackendName {

    private BackendName() {
    }

    public static void main(String[] arguments) {
        System.out.println(Backend.active());
    }

    /** What a fork with these arguments would run on, with the reason. */
    static String inFork(List<String> jvmArguments) {
        var command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), Forks.VECTOR));
        command.addAll(jvmArguments);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), BackendName.class.getName()));
        try {
            var process = new ProcessBuilder(command).redirectErrorStream(true).start();
            String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            // the JVM's own warnings come first
            String last = text.lines().reduce("", (_, line) -> line);
            if (process.waitFor() != 0) {
                throw new BadInput("a JVM with these arguments does not start (%s): correct --jvm-args".formatted(complaint(text)));
            }
            return last;
        } catch (IOException e) {
            throw new BadInput("cannot start %s: start this program with a full JDK 25".formatted(command.getFirst()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Why a JVM did not start: the first line that is not about where its arguments came from, and no warning. */
    static String complaint(String output) {
        return output.lines().filter(line -> !line.matches("(NOTE: )?Picked up .*|(.* )?(WARNING|warning): .*")).findFirst().orElse("");
    }
}
