package io.github.surprisal.bench;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** How the report presents one benchmark method. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface Variant {

    /** Position in tables and charts, ascending. */
    int order();

    /** The name shown. */
    String label();

    /** Whether the others are compared with this one: adds a ratio column. */
    boolean baseline() default false;

    /**
     * The labels of the baselines that this one is compared with, where others of the family have other data or another operation.
     * If a family has any of these, its other variants are compared with nothing; if it has none, each is with every baseline.
     */
    String[] against() default {};

    /** The call that is timed, where the label does not say it all: another library's. */
    String call() default "";

    /** The memory traffic of an element where it is not the family's, as of logits in 16 bits; 0 where it is. */
    int bytesPerElement() default 0;

    /** Threads that share an operation. The probes have one, and so are no limit of more. */
    int threads() default 1;

    /** For {@link #quick}: in a full run only. */
    String NEVER = "never";

    /** Of the family's quick shapes those on which this variant runs; none means all. */
    String[] quick() default {};
}
