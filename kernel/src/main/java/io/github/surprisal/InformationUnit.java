package io.github.surprisal;

import io.github.surprisal.kernel.DoubleMath;

/** The unit of information: the base of the logarithm. 1 bit = 0.6931 nat = 0.3010 dit. */
public enum InformationUnit {
    /** Base e: the nat, in which losses are counted. */
    NAT(DoubleMath.LN2),
    /** Base 2: the bit, or shannon. */
    BIT(1),
    /** Base 10: the dit, or hartley. */
    DIT(0x1.34413509f79ffp-2);

    /** How many of this unit make a bit: log 2 in its base. */
    final double perBit;

    InformationUnit(double perBit) {
        this.perBit = perBit;
    }
}
