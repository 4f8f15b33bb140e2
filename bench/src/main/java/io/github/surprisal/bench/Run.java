package io.github.surprisal.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SequencedSet;

/** A finished or stopped run, as its files tell. */
record Run(List<Result> results, RunInfo info) {

    /** {@code file} is JMH's JSON, or the folder with it; the header and the accuracy come from run.json beside it, if that is there. */
    static Run load(Path file) {
        Path json = Files.isDirectory(file) ? file.resolve(RunFolder.RESULTS) : file;
        var results = JmhJson.read(json);
        Path info = json.resolveSibling(RunFolder.INFO);
        try {
            return new Run(results, Files.exists(info) ? RunInfo.parse(Files.readString(info)) : unknown(results));
        } catch (IOException e) {
            throw new BadInput("cannot read %s (%s)".formatted(info, BadInput.cause(e)));
        }
    }

    private static RunInfo unknown(List<Result> results) {
        return new RunInfo(new LinkedHashMap<>(), new LinkedHashMap<>(), Map.of(), new LinkedHashMap<>(), results.size(), results.size());
    }

    boolean isComplete() {
        return info.measured() >= info.planned();
    }

    List<Measurement> measurements() {
        return results.stream().filter(result -> !result.job().isCold()).map(this::measurement).toList();
    }

    private Measurement measurement(Result result) {
        Job job = result.job();
        double scale = new Shape(job.shape()).elements() / 1e9;
        double ulps = notes(job, Notes.MAX_ULPS).stream().mapToDouble(Double::parseDouble).max().orElse(Double.NaN);
        var bytes = notes(job, Notes.BYTES_PER_OPERATION);
        return new Measurement(job, result.threads(), result.median() * scale, result.error() * scale,
                bytes.isEmpty() ? Double.NaN : Double.parseDouble(bytes.getLast()), ulps);
    }

    /** The curves of all forks of the cold start's variants. */
    SequencedMap<Job, List<ColdCurve>> coldStarts() {
        var curves = new LinkedHashMap<Job, List<ColdCurve>>();
        for (Result result : results) {
            var texts = notes(result.job(), Notes.CURVE);
            if (result.job().isCold() && !texts.isEmpty()) {
                curves.put(result.job(), texts.stream().map(ColdCurve::parse).toList());
            }
        }
        return curves;
    }

    /** One value for each fork that noted it. */
    List<String> notes(Job job, String key) {
        return info.notes().getOrDefault(job.key(), List.of()).stream().map(notes -> notes.get(key)).filter(Objects::nonNull).toList();
    }

    /** The name of the widest backend that ran, such as "simd-512"; empty if the forks noted none. */
    Optional<String> backend() {
        var names = new LinkedHashSet<String>();
        results.forEach(result -> names.addAll(notes(result.job(), Notes.BACKEND)));
        return names.stream().filter(name -> !name.equals("scalar")).findFirst().or(() -> names.stream().findFirst());
    }

    /** Floats per vector of the arithmetic probe; 0 if it did not run. */
    int probeLanes() {
        return results.stream().filter(result -> result.job().isArithmeticProbe())
                .flatMap(result -> notes(result.job(), Notes.LANES).stream()).mapToInt(Integer::parseInt).max().orElse(0);
    }

    /** Name, lanes and reason of each backend as the forks said them, to the variants that ran on it. */
    SequencedMap<String, SequencedSet<String>> backends() {
        var backends = new LinkedHashMap<String, SequencedSet<String>>();
        for (Result result : results) {
            for (var notes : info.notes().getOrDefault(result.job().key(), List.of())) {
                if (notes.containsKey(Notes.BACKEND)) {
                    String backend = "%s (lanes: %s), %s".formatted(notes.get(Notes.BACKEND), notes.get(Notes.LANES), notes.get(Notes.REASON));
                    backends.computeIfAbsent(backend, _ -> new LinkedHashSet<>()).add(result.job().label());
                }
            }
        }
        return backends;
    }

    /** The JVM flags of the forks, to the variants that ran with them. */
    SequencedMap<String, SequencedSet<String>> flags() {
        var flags = new LinkedHashMap<String, SequencedSet<String>>();
        for (Result result : results) {
            flags.computeIfAbsent(String.join(" ", result.flags()), _ -> new LinkedHashSet<>()).add(result.job().label());
        }
        return flags;
    }
}
