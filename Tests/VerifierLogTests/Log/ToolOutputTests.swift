// SPDX-License-Identifier: Apache-2.0

import Testing
import VerifierLog

@Suite struct ToolOutputTests {
    private static let framed = """
        libbpf: prog 'first': BPF program load failed: Permission denied
        libbpf: prog 'first': -- BEGIN PROG LOAD LOG --
        0: R1=ctx() R10=fp0
        ; return *value; @ a.c:13
        0: (79) r0 = *(u64 *)(r0 +0)
        R0 invalid mem access 'map_value_or_null'
        processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
        -- END PROG LOAD LOG --
        libbpf: prog 'first': failed to load: -13
        libbpf: failed to load object 'a.o'

        """

    @Test("libbpf's frame is taken off, and its warnings are kept apart")
    func frame() throws {
        let output = ToolOutput(Array(Self.framed.utf8))
        let part = try #require(output.parts.first)
        #expect(output.parts.count == 1)
        #expect(part.program == "first")
        #expect(part.log.messages == ["R0 invalid mem access 'map_value_or_null'"])
        #expect(part.log.failure?.source?.line == 13)
        #expect(output.warnings.count == 3)
    }

    @Test("what a journal puts before each line is taken off")
    func journal() throws {
        let text = Self.framed.split(separator: "\n").map { "Nov 24 14:02:11 node7 agentd[812]: \($0)\n" }.joined()
        let part = try #require(ToolOutput(Array(text.utf8)).parts.first)
        #expect(part.program == "first")
        #expect(part.log.failure?.source?.line == 13)
        #expect(part.log.messages == ["R0 invalid mem access 'map_value_or_null'"])
    }

    @Test("a log without a frame, indented as Go's library prints it, is read too")
    func bare() throws {
        let text =
            "\t0: (79) r0 = *(u64 *)(r0 +0)\n\tR0 invalid mem access 'scalar'\n\tprocessed 1 insns (limit 1000000)\n"
        let part = try #require(ToolOutput(Array(text.utf8)).parts.first)
        #expect(part.program == nil)
        #expect(part.log.failure?.index == 0)
    }

    @Test(
        "what is no verifier log is not taken for one",
        arguments: [
            "", "hello\n", "\u{7f}ELF\u{2}\u{1}\u{1}\0\0\0", "#include <stdio.h>\nint main(void) { return 0; }\n",
        ]
    )
    func other(text: String) {
        #expect(ToolOutput(Array(text.utf8)).parts.isEmpty)
    }
}
