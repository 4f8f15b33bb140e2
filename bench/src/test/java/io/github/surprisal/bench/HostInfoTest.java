package io.github.surprisal.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

/** CPUs as Linux describes them: what differs in speed should differ in name. */
class HostInfoTest {

    private static List<String> amd(int model) {
        return """
                processor	: 0
                vendor_id	: AuthenticAMD
                cpu family	: 25
                model		: %d
                model name	: AMD EPYC
                stepping	: 1
                cpu MHz		: 2445.428
                """.formatted(model).lines().toList();
    }

    @Test
    void generationsOfOneNameDiffer() {
        assertEquals("AMD EPYC, family 25 model 1 stepping 1", HostInfo.cpuOfLinux(amd(1), "amd64"));
        assertEquals("AMD EPYC, family 25 model 17 stepping 1", HostInfo.cpuOfLinux(amd(17), "amd64"));
    }

    @Test
    void armHasAnImplementerAndAPart() {
        var cpuinfo = """
                processor	: 0
                BogoMIPS	: 243.75
                Features	: fp asimd evtstrm aes
                CPU implementer	: 0x41
                CPU architecture: 8
                CPU variant	: 0x3
                CPU part	: 0xd0c
                CPU revision	: 1
                """.lines().toList();
        assertEquals("aarch64, implementer 0x41 part 0xd0c", HostInfo.cpuOfLinux(cpuinfo, "aarch64"));
    }

    @Test
    void withoutCpuinfoTheArchitectureIsKnown() {
        assertEquals("riscv64", HostInfo.cpuOfLinux(List.of(), "riscv64"));
    }
}
