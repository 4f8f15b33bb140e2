package io.github.surprisal.bench;

import java.util.Properties;
import org.openjdk.jmh.results.RunResult;

/** Measures a job in a JVM of its own. */
interface Forker {

    Fork measure(Job job) throws JobFailed;

    /** JMH's result and what the fork noted besides. */
    record Fork(RunResult result, Properties notes) {
    }
}
