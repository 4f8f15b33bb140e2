package io.github.surprisal.bench;

import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * What JMH's JSON does not hold of a run: {@code facts} for the header, cache sizes in bytes by name, the notes of each job's
 * forks and the reasons of failures, both by {@link Job#key}, and how many of the planned forks were measured.
 */
record RunInfo(SequencedMap<String, String> facts, SequencedMap<String, Long> caches, Map<String, List<Map<String, String>>> notes,
        SequencedMap<String, String> failures, int planned, int measured) {

    private static final JsonMapper JSON = JsonMapper.builder().build();

    String json() {
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(this);
    }

    static RunInfo parse(String json) {
        try {
            return JSON.readValue(json, RunInfo.class);
        } catch (JacksonException e) {
            throw new BadInput(RunFolder.INFO + " is not what `run` wrote: delete it, or run the benchmarks again");
        }
    }
}
