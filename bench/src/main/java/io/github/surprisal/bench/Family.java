package io.github.surprisal.bench;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * How the report presents one benchmark class: its own heading, tables and chart. A class without it is run and shown
 * under its name with these defaults.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Family {

    /** The heading. */
    String title();

    /** The memory traffic that the operation cannot do without, for the GB/s column: 4 reads a float, 8 reads and writes it. */
    int bytesPerElement() default Float.BYTES;

    /** Which probes of {@link RooflineBenchmark} bound this family: those whose method name starts with this; the fastest counts. */
    String roofline() default "read";

    /** The shapes of a quick run, which has little time; none means all. */
    String[] quick() default {};
}
