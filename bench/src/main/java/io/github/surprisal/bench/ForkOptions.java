package io.github.surprisal.bench;

import java.lang.module.ModuleFinder;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.Option;

/** Options of the commands that start JVMs. */
final class ForkOptions {

    private static final String MODULE = "jdk.incubator.vector";

    @Option(names = "--jvm-args", paramLabel = "ARGS", defaultValue = "",
            description = "more arguments for every fork, such as \"-XX:UseAVX=2\" for 256-bit vectors")
    private String jvmArguments;

    List<String> jvmArguments() {
        return Stream.of(jvmArguments.split(" ")).filter(argument -> !argument.isEmpty()).toList();
    }

    static void requireVectorModule() {
        requireVectorModule(ModuleFinder.ofSystem());
    }

    static void requireVectorModule(ModuleFinder system) {
        if (system.find(MODULE).isEmpty()) {
            throw new BadInput("the Java runtime in %s has no module %s: start this program with a full JDK 25"
                    .formatted(System.getProperty("java.home"), MODULE));
        }
    }
}
