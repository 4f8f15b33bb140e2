package io.github.surprisal.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads JMH's JSON. */
final class JmhJson {

    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final String PACKAGE = JmhJson.class.getPackageName() + ".";

    private JmhJson() {
    }

    static List<Result> read(Path file) {
        JsonNode root;
        try {
            root = JSON.readTree(Files.readString(file));
        } catch (IOException e) {
            throw new BadInput("cannot read %s (%s): name a %s that `run` wrote".formatted(file, BadInput.cause(e), RunFolder.RESULTS));
        } catch (JacksonException e) {
            throw notOurs(file);
        }
        var results = new ArrayList<Result>();
        for (JsonNode node : root) {
            String benchmark = node.path("benchmark").asString("");
            String shape = node.path("params").path("shape").asString("");
            JsonNode forks = node.path("primaryMetric").path("rawData");
            if (benchmark.startsWith(PACKAGE) && !shape.isEmpty() && forks.isArray() && !forks.isEmpty()) {
                results.add(result(Job.of(benchmark, shape), node, forks));
            }
        }
        if (results.isEmpty()) {
            throw notOurs(file);
        }
        return results;
    }

    private static Result result(Job job, JsonNode node, JsonNode forks) {
        var arguments = new ArrayList<String>();
        node.path("jvmArgs").forEach(argument -> arguments.add(argument.asString()));
        var scores = new ArrayList<double[]>();
        for (JsonNode fork : forks) {
            scores.add(fork.valueStream().mapToDouble(JmhJson::number).toArray());
        }
        return new Result(job, node.path("threads").asInt(1), arguments, scores, number(node.path("primaryMetric").path("scoreError")));
    }

    // JMH writes "NaN", in quotes, for the error of a single value
    private static double number(JsonNode node) {
        return node.isNumber() ? node.doubleValue() : Double.NaN;
    }

    private static BadInput notOurs(Path file) {
        return new BadInput("%s holds no result of these benchmarks: name a %s that `run` wrote".formatted(file, RunFolder.RESULTS));
    }
}
