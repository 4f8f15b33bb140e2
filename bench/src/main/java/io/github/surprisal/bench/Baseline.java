package io.github.surprisal.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SequencedMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/** The ratios of an accepted run, committed beside the code, one file for each backend: the value of every round by the metric's name. */
record Baseline(String backend, SequencedMap<String, String> facts, SequencedMap<String, double[]> ratios) {

    private static final JsonMapper JSON = JsonMapper.builder().build();

    static Path file(Path folder, String backend) {
        return folder.resolve(backend + ".json");
    }

    static Baseline read(Path file) {
        try {
            return JSON.readValue(Files.readString(file), Baseline.class);
        } catch (IOException e) {
            throw new BadInput("there is no baseline %s: name its folder with --baselines, or make one with --update".formatted(file));
        } catch (JacksonException e) {
            throw new BadInput("%s is no baseline: make one with --update".formatted(file));
        }
    }

    void write(Path file) {
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            Files.writeString(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(this) + "\n");
        } catch (IOException e) {
            throw new BadInput("cannot write %s (%s): name another folder with --baselines".formatted(file, BadInput.cause(e)));
        }
    }
}
