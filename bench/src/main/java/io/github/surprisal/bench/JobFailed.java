package io.github.surprisal.bench;

/** A benchmark that threw, such as for a wrong answer. The others still run; the report lists it. */
final class JobFailed extends Exception {

    private static final long serialVersionUID = 1;

    JobFailed(String message) {
        super(message);
    }
}
