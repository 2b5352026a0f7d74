// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VerifierLog

/// Logs that a logger has cut into records: logfmt, JSON, records in records.
@Suite struct RecordTests {
    private static let lines = [
        "0: R1=ctx() R10=fp0", "; int x(struct sk_buff *skb) @ a.c:11", "0: (79) r1 = *(u64 *)(r1 +0)",
        "func 'kfree_skb' arg0 has btf_id 893 type STRUCT 'sk_buff'", "1: R1_w=trusted_ptr_sk_buff()",
        "; if (skb->len > 3 && a < b) @ a.c:13", "1: (2d) if r1 > r2 goto pc+24",
        "2: (69) r1 = *(u16 *)(r1 +12)", "R1 invalid mem access 'rcu_ptr_or_null_'", "verification time 6809 usec",
        "processed 3 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0",
    ]
    private static let reason = "R1 invalid mem access 'rcu_ptr_or_null_'"

    /// As JSON and logfmt escape it; Go's encoder writes `>`, `<` and `&` as numbers.
    private static func escaped(_ text: String, isGo: Bool = false) -> String {
        let plain = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
            .replacing("\t", with: "\\t")
        guard isGo else { return plain }
        return plain.replacing(">", with: "\\u003e").replacing("<", with: "\\u003c").replacing("&", with: "\\u0026")
    }

    private static let whole = lines.joined(separator: "\n") + "\n"
    /// `fmt.Sprintf("%+v", err)` of a VerifierError.
    private static let goError =
        "program on_write: load program: permission denied:\n\t" + lines.joined(separator: "\n\t")

    private static let docker = lines.map {
        "{\"log\":\"\(escaped("level=error msg=\"\(escaped($0))\" pid=7\n", isGo: true))\",\"stream\":\"stderr\",\"time\":\"2026-03-25T11:36:37Z\"}\n"
    }

    @Test(
        "whatever field has it, in whatever record",
        arguments: [
            // zap's console encoder: text, then one JSON object with one line of the log.
            lines.enumerated().map {
                "19:51:33.155 ERROR\tmachine/bpf.go:322\tKernel verifier rejected the program\t{\"line\": \($0), \"log\": \"\(escaped($1))\"}\n"
            }.joined(),
            // zap's JSON encoder.
            lines.map { "{\"level\":\"error\",\"ts\":17.5,\"msg\":\"rejected\",\"verifier\":\"\(escaped($0))\"}\n" }
                .joined(),
            // slog, logfmt and JSON; logrus; zerolog, JSON and console with colours; klog; journald; a container's log.
            "time=2026-03-25T11:36:37.966Z level=WARN msg=\"no tracer\" err=\"\(escaped(goError))\"\n",
            "{\"time\":\"2026\",\"level\":\"ERROR\",\"msg\":\"no tracer\",\"err\":\"\(escaped(goError, isGo: true))\"}\n",
            "time=\"2026-03-25T11:36:37Z\" level=error msg=\"no tracer\" error=\"\(escaped(goError))\" subsys=loader\n",
            "{\"level\":\"error\",\"error\":\"\(escaped(goError))\",\"time\":1,\"message\":\"cannot load\"}\n",
            "\u{1b}[90m10:00AM\u{1b}[0m \u{1b}[31mERR\u{1b}[0m cannot load \u{1b}[36merror=\u{1b}[0m\u{1b}[31m\"\(escaped(goError))\"\u{1b}[0m\n",
            "E0325 11:36:37.966123       1 bpf.go:322] \"cannot load\" err=\"\(escaped(goError))\" node=\"n1\"\n",
            lines.map { "E0325 11:36:37.966123       1 bpf.go:322] \($0)\n" }.joined(),
            lines.map { "{\"_PID\":\"812\",\"MESSAGE\":\"\(escaped($0))\",\"PRIORITY\":\"3\"}\n" }.joined(),
            "{\n\t\"_PID\" : \"812\",\n\t\"MESSAGE\" : \"\(escaped(whole))\",\n\t\"PRIORITY\" : \"3\"\n}\n",
            docker.joined(),
            lines.map { "{\"log\":\"\(escaped($0))\\n\",\"stream\":\"stderr\"}\n" }.joined(),
            "{\"event\":\"load\",\"verifier_log\":[\(lines.map { "\"\(escaped($0))\"" }.joined(separator: ","))],\"ok\":false}\n",
            "{\"error\":{\"kind\":\"load\",\"detail\":\"\(escaped(whole))\"},\"level\":\"error\"}\n",
            "WARN agent: load failed: \(escaped(goError))\n",
        ]
    )
    func records(text: String) throws {
        let output = ToolOutput(Array(text.utf8))
        #expect(output.parts.count == 1, "\(text)")
        let log = try #require(output.parts.first?.log, "\(text)")
        #expect(log.messages == [Self.reason], "\(text)")
        #expect(log.failure?.index == 2)
        #expect(log.failure?.source?.text == "if (skb->len > 3 && a < b)", "\(text)")
        #expect(log.statistics.instructions == 3)
    }

    @Test("a program that the error names is named, also where the log follows")
    func program() {
        let text = "time=1 level=WARN msg=\"no tracer\" err=\"\(Self.escaped(Self.goError))\"\n"
        #expect(ToolOutput(Array(text.utf8)).parts.map(\.program) == ["on_write"])
        let two = Self.goError + "\n" + Self.goError.replacing("on_write", with: "on_read") + "\n"
        #expect(ToolOutput(Array(two.utf8)).parts.map(\.program) == ["on_write", "on_read"])
    }

    @Test("Go's one line behind another field is read, and an error that is told twice is one")
    func summary() throws {
        let said =
            "program event_exit: load program: invalid argument: program of this type cannot use helper bpf_probe_read#4 (13 line(s) omitted)"
        for text in [
            "level=error msg=\"x\" error=\"\(said)\"\n", "level=error msg=\"cannot load: \(said)\" error=\"\(said)\"\n",
            "{\"msg\":\"x\",\"error\":\"\(said)\"}\n",
            "{\"err\":{\"message\":\"load: \(said)\",\"stack\":\"Error: load: \(said)\\n    at x.js:1\"}}\n",
            "{\"error\":\"\(said)\",\"msg\":\"\(said)\"}\n",
        ] {
            let parts = ToolOutput(Array(text.utf8)).parts
            #expect(parts.map(\.program) == ["event_exit"], "\(text)")
            #expect(parts.map(\.log.messages) == [["program of this type cannot use helper bpf_probe_read#4"]])
        }
    }

    @Test("a reason of several lines stays one, whatever ends each record")
    func severalLines() {
        let lines = Self.lines.dropLast(3) + ["first line", "second line"] + Self.lines.suffix(1)
        let text = lines.map { "{\"log\":\"\(Self.escaped($0))\\n\"}\n" }.joined()
        #expect(ToolOutput(Array(text.utf8)).parts.map(\.log.messages) == [["first line", "second line"]])
    }

    @Test("aya's log begins in the middle of a line, and ends before the cause of the error")
    func aya() throws {
        let text =
            "Error: the BPF_PROG_LOAD syscall returned Permission denied (os error 13). Verifier output: \(Self.whole)\nCaused by:\n    Permission denied (os error 13)\n"
        let indented =
            "Error: cannot attach\n\nCaused by:\n    0: the BPF_PROG_LOAD syscall failed. Verifier output: "
            + Self.lines.joined(separator: "\n       ") + "\n    1: Permission denied (os error 13)\n"
        for text in [text, indented] {
            let parts = ToolOutput(Array(text.utf8)).parts
            #expect(parts.map(\.log.messages) == [[Self.reason]], "\(text)")
        }
        let first =
            "the BPF_PROG_LOAD syscall failed. Verifier output: last insn is not an exit or jmp\nprocessed 0 insns (limit 1000000) m\n"
        #expect(ToolOutput(Array(first.utf8)).parts.map(\.log.messages) == [["last insn is not an exit or jmp"]])
    }

    @Test("sources with quotes in them are no records")
    func sources() throws {
        let source = "; log(\"err=\\\"x\\n\\\"\", .name=\"0: (95) exit\", {\"a\": \"load program: \"});"
        let text = Self.whole.replacing("; if (skb->len > 3 && a < b) @ a.c:13", with: source)
        let log = try #require(ToolOutput(Array(text.utf8)).parts.first?.log)
        #expect(log.messages == [Self.reason])
        #expect(log.failure?.source?.text == String(source.dropFirst(2)))
    }

    @Test(
        "no record makes the reader fail",
        arguments: [
            "{\"", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":\"", "{\"a\":\"\\", "{\"a\":\"\\u", "{\"a\":\"\\u00", "err=\"",
            "err=\"\\",
            "=\"\"", "{\"log\":\"0: (95) exit\\u\"}", "{\"log\":\"0: (95) exit\\ud83d\\ude00\"}", "\u{1b}[",
            "\u{1b}[31", "\u{1b}",
            "load program: :", "program : load program: x:", "Verifier output: ", "{\"\":\"0: (95) exit\"}",
        ]
    )
    func malformed(text: String) {
        for end in ["", "\n", "\n" + text + "\n", "\0"] { _ = ToolOutput(Array((text + end).utf8)) }
        for end in text.indices { _ = ToolOutput(Array((Self.whole + text[..<end] + "\n" + Self.whole).utf8)) }
    }

    @Test("quotes in quotes without end are read as deep as people nest them")
    func depth() {
        var text = "0: (95) exit"
        for _ in 0..<12 { text = "{\"log\":\"\(Self.escaped(text))\"}" }
        _ = ToolOutput(Array(text.utf8))
    }
}
