// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import VerifierLog

/// Logs of Linux 7.3, which reports on a refusal between the reason and the statistics.
@Suite struct KernelReportTests {
    private static let start = """
        0: R1=ctx() R10=fp0
        ; return *(u32 *)value; @ null.bpf.c:14
        7: (61) r0 = *(u32 *)(r0 +0)
        R0 invalid mem access 'map_value_or_null'

        """
    private static let report = """

        Verification failed: Null Safety: Invalid dereference

        Reason:
          R0 may be NULL here, and the program dereferences it without
          testing it.

        At:
          count @ null.bpf.c:14:9
          Source context:
              12 | ...
          >>> 14 |         return *(u32 *)value;
                 |                ^-- error: invalid dereference of R0 (a nullable map
                 |                    value)
              15 | }
          Instruction context:
              6 | (85) call unknown#195896080
          >>> 7 | (61) r0 = *(u32 *)(r0 +0)
              8 | (95) exit

        Causal path:
          count @ null.bpf.c:11:5
          Source context:
          >>> 11 |         value = bpf_map_lookup_elem(&m, &key);
                 |         ^-- update: R0 changed from uninitialized value to nullable map value
                 |             from m at offset 0
          Instruction context:
          >>> 6 | (85) call bpf_map_lookup_elem#1
              7 | (61) r0 = *(u32 *)(r0 +0)

          count @ null.bpf.c:12:5
          Source context:
          >>> 12 |         if (key)
                 |         ^-- branch: took the false branch of this conditional, goto not followed

        Suggestion:
          Test the pointer before it is used.

        """
    private static let end = """
        verification time 12762 usec
        stack depth max 0
        subprog 0 (count) main insns_self 8 insns_total 8 stack 24
        subprog 1 (step) global insns_self 8 insns_total 8 stack 8
        processed 8 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 0
        """

    private func log(_ text: String) -> VerifierLog { VerifierLog(Array(text.utf8)) }

    @Test("the reason is the line before the report, and nothing that the report quotes is taken for the log")
    func reason() {
        let log = log(Self.start + Self.report + Self.end)
        #expect(log.messages == ["R0 invalid mem access 'map_value_or_null'"])
        #expect(log.failure?.index == 7 && log.sourceLine == "return *(u32 *)value; @ null.bpf.c:14")
        #expect(!log.lastLines.contains { $0.contains("unknown#") || $0.contains("|") })
        #expect(UnresolvedCall(in: log) == nil)
        #expect(log.statistics.instructions == 8 && log.statistics.stackDepth == 32)
    }

    @Test("a second line of the reason stands below the report")
    func secondLine() {
        let log = log(Self.start + Self.report + "tail_call would lead to reference leak\n" + Self.end)
        #expect(
            log.messages == ["R0 invalid mem access 'map_value_or_null'", "tail_call would lead to reference leak"]
        )
        #expect(log.report?.suggestion == "Test the pointer before it is used.")
    }

    @Test("what the kernel reports is read in its parts")
    func parts() throws {
        let report = try #require(log(Self.start + Self.report + Self.end).report)
        #expect(report.category == "Null Safety" && report.problem == "Invalid dereference")
        #expect(report.reason == "R0 may be NULL here, and the program dereferences it without testing it.")
        #expect(report.suggestion == "Test the pointer before it is used.")
        #expect(
            report.error
                == KernelReportEvent(
                    kind: "error",
                    text: "invalid dereference of R0 (a nullable map value)",
                    function: "count",
                    file: "null.bpf.c",
                    line: 14,
                    instruction: 7
                )
        )
        #expect(report.events.map(\.kind) == ["update", "branch"])
        #expect(report.events.map(\.line) == [11, 12] && report.events.map(\.instruction) == [6, nil])
        #expect(report.events[0].text == "R0 changed from uninitialized value to nullable map value from m at offset 0")
    }

    @Test("a journal's log with a report below, and more of the journal, is read alike")
    func journal() throws {
        let text = "0: (b7) r0 = 0\n" + Self.start + Self.report + Self.end + "\n\nagent stopped\n"
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let prefixed = lines.map { "Nov 03 10:11:12 host agent[712]: \($0)" }.joined(separator: "\n")
        let part = try #require(ToolOutput(Array(prefixed.utf8)).parts.first)
        #expect(part.log.messages == ["R0 invalid mem access 'map_value_or_null'"])
        #expect(part.log.report?.problem == "Invalid dereference")
        #expect(part.log.report?.error?.instruction == 7)
    }

    @Test(
        "a report that is cut off, or has nothing in it, takes nothing from the reason",
        arguments: ["", "Reason:\n", "At:\n  count\n  >>>\n  |\n", "Causal path:\n  | ^-- \n  |\n  >>> x\n", "\0\0"]
    )
    func cutOff(rest: String) throws {
        let log = log(Self.start + "\nVerification failed: X\n" + rest)
        #expect(log.messages == ["R0 invalid mem access 'map_value_or_null'"])
        let report = try #require(log.report)
        #expect(report.category == "X" && report.problem == "" && report.suggestion == nil)
    }

    @Test("a source line with the report's first words begins none")
    func quoted() {
        let log = log(
            "0: R1=ctx() R10=fp0\n; Verification failed: a: b\n7: (61) r0 = *(u32 *)(r0 +0)\nR0 !read_ok\n" + Self.end
        )
        #expect(log.report == nil && log.messages == ["R0 !read_ok"])
    }

    @Test("events without an end cost no more than their bytes")
    func many() throws {
        let event = "  f @ a.c:1:1\n  |  ^-- update: R1 changed\n"
        let log = log(
            Self.start + "\nVerification failed: A: B\n\nCausal path:\n" + String(repeating: event, count: 20_000)
        )
        let report = try #require(log.report)
        #expect(report.events.count == 32 && report.earlierEvents == 20_000 - 32)
    }
}
