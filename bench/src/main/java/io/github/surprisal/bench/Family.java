package io.github.surprisal.bench;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** What the program and its report know of one benchmark class: its name, its limits, and which sizes run when. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Family {

    /** The name on the command line. */
    String operation();

    /** The heading. */
    String title();

    /** The memory traffic that the operation cannot do without, for the GB/s column: 4 reads a float, 8 reads and writes it. */
    int bytesPerElement() default Float.BYTES;

    /**
     * Vector arithmetic that the recipe spends on each vector of logits, for the bound: ten fused multiply-adds for a sum of
     * exponentials; two more make its terms a softmax or gradient ({@link Job#vectorOperations} knows which rows take more). 0 for what has no such bound.
     */
    int vectorOperations() default 0;

    /** Which probes of {@link MemoryBenchmark} bound this family: those whose method name starts with this; the fastest counts. */
    String roofline() default "read";

    /** The shapes of a quick run, which has little time; none means all. */
    String[] quick() default {};

    /** The shapes that the regression gate measures. */
    String[] gate() default {};

    /** Whether it compares with other libraries, which is run on request only. */
    boolean peers() default false;
}
