// SPDX-License-Identifier: Apache-2.0

import Results
import Testing

@Suite struct LoaderOutputTests {
    private static let advice = """
        libbpf: failed to load object '/tmp/witness.bpf.o'
        Error: failed to load object file
        Warning: bpftool is now running in libbpf strict mode and has more stringent requirements about BPF programs.
        If it used to work for this object file but now doesn't, see --legacy option for more details.

        """

    @Test(
        "the reason of a failure is the line that says why, not the last one",
        arguments: [
            (
                "libbpf: prog 'in': missing BPF prog type, check ELF section name 'tcx/ingress'\n"
                    + "libbpf: supported section(type) names are: socket sk_reuseport\n\(advice)",
                "prog 'in': missing BPF prog type, check ELF section name 'tcx/ingress'"
            ),
            (
                "libbpf: prog 'in': failed to find kernel BTF type ID of 'x:y': -3\n"
                    + "libbpf: prog 'in': failed to prepare load attributes: -3\nlibbpf: prog 'in': failed to load: -3\n\(advice)",
                "prog 'in': failed to find kernel BTF type ID of 'x:y': -3"
            ),
            (
                "libbpf: Error in bpf_create_map_xattr(m):Argument list too long(-7). Retrying without BTF.\r\n"
                    + "libbpf: map 'm': failed to create: Argument list too long(-7)\r\n\(advice)",
                "map 'm': failed to create: Argument list too long(-7)"
            ),
            (
                "libbpf: prog 'p': BPF program load failed: Permission denied\n"
                    + "libbpf: prog 'p': -- BEGIN PROG LOAD LOG --\n0: (79) r0 = *(u64 *)(r0 +0)\nR0 invalid mem access 'scalar'\n"
                    + "processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n"
                    + "-- END PROG LOAD LOG --\nlibbpf: prog 'p': failed to load: -13\n\(advice)",
                "prog 'p': R0 invalid mem access 'scalar'"
            ),
            (
                "libbpf: prog 'o': can't pin program that wasn't loaded\nError: failed to pin all programs\n",
                "prog 'o': can't pin program that wasn't loaded"
            ),
            (
                "Error: failed to guess program type from ELF section x\n",
                "failed to guess program type from ELF section x"
            ),
            (advice, "If it used to work for this object file but now doesn't, see --legacy option for more details."),
            ("", nil),
        ] as [(String, String?)]
    )
    func reason(output: String, expected: String?) {
        #expect(LoaderOutput.reason(in: output) == expected)
    }

    @Test("a guest that gave no answer has its own first line, which a console may follow")
    func silence() {
        let statement = WitnessStatement(
            object: "o",
            kernel: "k",
            verdict: .crashed,
            output: "it panicked\r\n[ 1.0] x\r\n"
        )
        #expect(statement.reason == "it panicked")
    }
}
