// SPDX-License-Identifier: Apache-2.0

import Testing
import VerifierLog

/// Logs as people have them: out of journals, issues and other tools' output.
@Suite struct ForeignLogTests {
    private static func output(_ text: String) -> ToolOutput { ToolOutput(Array(text.utf8)) }

    private static let log = """
        0: R1=ctx() R10=fp0
        ; int x(void *ctx) @ a.c:10
        9: (b7) r0 = 0                        ; R0_w=0
        ; y = *p; @ a.c:12
        12: (79) r1 = *(u64 *)(r0 +0)
        R0 invalid mem access 'scalar'
        processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
        """

    @Test(
        "what stands before each line is taken off, however long it is there",
        arguments: [
            { "\($0 + 95):" }, { "\($0 + 9995):" }, { "  \($0 + 96)\t" },
            { "[   \($0 + 8).25] " }, { "Nov \($0 + 6) 14:02:\($0 * 7) node7 agentd[\($0 + 97)]: " },
            { "\($0 % 2 == 0 ? "INFO" : "WARNING")[004\($0)] " }, { _ in "\t" }, { _ in "    " }, { _ in "" },
        ] as [@Sendable (Int) -> String]
    )
    func prefixes(prefix: @Sendable (Int) -> String) throws {
        for hasStatistics in [true, false] {
            let lines = Self.log.split(separator: "\n").dropLast(hasStatistics ? 0 : 1)
            let text = lines.enumerated().map { prefix($0) + $1 + "\n" }.joined()
            let part = try #require(Self.output(text).parts.first, "\(text)")
            #expect(part.log.failure?.index == 12, "\(text)")
            #expect(part.log.failure?.source?.line == 12)
            #expect(part.log.messages == ["R0 invalid mem access 'scalar'"])
        }
    }

    @Test("lines of other units between those of the log are nobody's reason")
    func between() throws {
        let lines = Self.log.split(separator: "\n").map { "Nov 24 14:02:11 node7 agentd[812]: \($0)\n" }
        let text = (lines[..<6] + ["Nov 24 14:02:11 node7 kernel: usb 1-1: reset\n"] + lines[6...]).joined()
        #expect(Self.output(text).parts.map(\.log.messages) == [["R0 invalid mem access 'scalar'"]])
    }

    @Test(
        "a logger's quotes are taken off",
        arguments: [
            log.split(separator: "\n").map { "level=warning msg=\"\($0)\" subsys=datapath-loader\n" }.joined(),
            "level=debug caller=cpu.go:207 msg=\"libbpf: prog 'walk': -- BEGIN PROG LOAD LOG --\\n"
                + log.replacing("\n", with: "\\n") + "\\n-- END PROG LOAD LOG --\\n\"\n",
            "{\"level\":\"error\",\"msg\":\"" + log.replacing("\n", with: "\\n") + "\\n\",\"pid\":1}\n",
            "error: \"" + log.replacing("\n", with: "\\n") + "\\n\"\n",
        ]
    )
    func quotes(text: String) throws {
        let part = try #require(Self.output(text).parts.first, "\(text)")
        #expect(part.log.failure?.index == 12)
        #expect(part.log.messages == ["R0 invalid mem access 'scalar'"])
    }

    @Test("a source line that has a logger's words in it stays as it is")
    func quotedSource() throws {
        let text = Self.log.replacing("y = *p;", with: "log(\"level=1 msg=\\\"x\\n\\\"\");")
        #expect(Self.output(text).parts.first?.log.failure?.source?.text == "log(\"level=1 msg=\\\"x\\n\\\"\");")
    }

    @Test(
        "Go's one line stands for a log where there is none",
        arguments: [
            (
                "load program: permission denied: 2908: (69) r5 = *(u16 *)(r1 +36): R1 invalid mem access 'map_value_or_null' (4703 line(s) omitted)\n",
                nil, 2908, "R1 invalid mem access 'map_value_or_null'"
            ),
            (
                "field Tail: program tail: load program: invalid argument: last insn is not an exit or jmp (4 line(s) omitted)\n",
                "tail", nil, "last insn is not an exit or jmp"
            ),
        ] as [(String, String?, Int?, String)]
    )
    func summary(text: String, program: String?, index: Int?, message: String) throws {
        let part = try #require(Self.output(text).parts.first)
        #expect(part.program == program)
        #expect(part.log.failure?.index == index)
        #expect(part.log.messages == [message])
        // The log itself says more.
        let long =
            text + "Verifier log: load program: permission denied:\n\t"
            + Self.log.replacing("\n", with: "\n\t") + "\n"
        #expect(Self.output(long).parts.map(\.log.failure?.index) == [12])
    }

    @Test(
        "what others wrote below a log is no reason",
        arguments: [
            // bcc
            "R0 invalid mem access 'scalar'\n\nHINT: check it first.\n\nTraceback (most recent call last):\n  File \"x\", line 1\n",
            "R0 invalid mem access 'scalar'\nverification time 11 usec\nprocessed 2 insns (limit 1000000) max_states_per_insn 0\nCaused by:\n    Argument list too long (os error 7)\n",
        ]
    )
    func below(text: String) {
        let text = "12: (79) r1 = *(u64 *)(r0 +0)\n" + text
        #expect(Self.output(text).parts.map(\.log.messages) == [["R0 invalid mem access 'scalar'"]])
    }

    @Test("logs one after the other are each read, without frames too")
    func several() {
        let other = Self.log.replacing("12:", with: "17:") + "\n"
        #expect(Self.output(Self.log + "\n" + other).parts.map(\.log.failure?.index) == [12, 17])
    }

    @Test("how many logs were left out is told", arguments: [true, false])
    func many(isFramed: Bool) {
        let one = "0: (79) r1 = *(u64 *)(r0 +0)\nR0 invalid mem access 'scalar'\nprocessed 1 insns (limit 1000000) m\n"
        let text = (0..<300).map { number in
            isFramed ? "libbpf: prog 'p\(number)': -- BEGIN PROG LOAD LOG --\n\(one)-- END PROG LOAD LOG --\n" : one
        }
        let output = Self.output(text.joined())
        #expect(output.parts.count == 256)
        #expect(output.leftOut == 44)
        #expect(Self.output(Self.log).leftOut == 0)
    }

    @Test("a message without a newline ends where the statistics begin (7.2)")
    func glued() {
        let said = "expected prog array map for tail call"
        for statistics in [
            "verification time 265 usec\nstack depth 0\nprocessed 4 insns (limit 1000000) m\n",
            "processed 4 insns (limit 1000000) m\n",
        ] {
            let log = LogFixtures.log("5: (85) call bpf_tail_call#12\n\(said)\(statistics)")
            #expect(log.messages == [said])
            #expect(log.statistics.instructions == 4)
            #expect(log.lastLines.contains(said))
        }
    }
}
