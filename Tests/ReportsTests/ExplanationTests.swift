// SPDX-License-Identifier: Apache-2.0

import Foundation
import Reports
import Results
import Testing
import VerifierLog

@Suite struct ExplanationReportTests {
    private let plain = TextStyle(isUnicode: true, isColoured: false)

    /// As an older and a newer kernel print it.
    private static func cell(_ kernel: String, _ register: String, place: String = "") -> Cell {
        let log = """
            ; __u64 *value = bpf_map_lookup_elem(&table, &key);\(place.isEmpty ? "" : " @ open.c:11")
            6: (85) call bpf_map_lookup_elem#1    ; R0=\(register)
            ; return *value;\(place)
            7: (79) r0 = *(u64 *)(r0 +0)
            R0 invalid mem access 'map_value_or_null'
            processed 7 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0

            """
        let evidence = Evidence(refusal: .program, errno: 13, log: VerifierLog(Array(log.utf8)))
        return Cell(
            object: "open.bpf.o",
            program: "count",
            kernel: kernel,
            verdict: .rejected,
            errno: 13,
            message: "R0 invalid mem access 'map_value_or_null'",
            explanation: Explanation(of: evidence),
            log: log
        )
    }

    private static let cells = [
        cell("5.10", "map_value_or_null(id=1,off=0,ks=4,vs=8,imm=0)"),
        cell("6.1", "map_value_or_null(id=1,map=table,ks=4,vs=8)", place: " @ open.c:12"),
    ]

    private var results: MatrixResults {
        var results = SampleRun.results
        results.cells = SampleRun.cells.filter { $0.program != "count" } + Self.cells
        return results
    }

    @Test("the same refusal by kernels that print it differently is one, with the place that one of them knows")
    func group() throws {
        let groups = RefusalGroup.groups(of: results)
        #expect(groups.count == 1)
        let explanation = try #require(groups.first?.explanation)
        #expect(explanation.code == .nullDereference)
        #expect(explanation.place?.name == "open.c:12")
        #expect(explanation.registers.first?.value == "a value of map 'table' (8 bytes), or NULL")
    }

    @Test("below the matrix a refusal has its code, its place, its reason and its cure")
    func below() throws {
        let text = TerminalReport(results, style: plain).text
        let explanation = try #require(Self.cells[1].explanation)
        #expect(
            text.contains(
                "✗ rejected [null-dereference]  open.c:12  open.bpf.o count on 5.10.262, 6.1.192 (EACCES)\n"
                    + "    \(explanation.sentence)\n    at: return *value; @ open.c:12\n"
            ),
            "\(text)"
        )
        #expect(text.contains("    → \(try #require(explanation.cure))\n"))
    }

    @Test("in a terminal texts are broken to its width, with their indent; elsewhere they are not")
    func wrapping() throws {
        let narrow = TextStyle(isUnicode: true, isColoured: true, width: 50)
        let group = try #require(RefusalGroup.groups(of: results).first)
        let whole = group.text(of: results.objects, excerpt: nil, excerptNote: nil, style: plain) { $0 }
        let broken = group.text(of: results.objects, excerpt: nil, excerptNote: nil, style: narrow) { $0 }.dropFirst()
            .map { $0.replacing(#/\u{1b}\[\d+m/#, with: "") }
        let cure = try #require(group.explanation?.cure)
        #expect(whole.contains { $0.hasSuffix(cure) })
        let first = try #require(broken.firstIndex { $0.contains("what to do") })
        #expect(broken[first].count <= 50)
        #expect(broken[first + 1].hasPrefix(String(repeating: " ", count: 18)))
        #expect(!broken[first + 1].dropFirst(18).hasPrefix(" "))
        let below = TerminalReport(results, style: TextStyle(isUnicode: true, isColoured: false, width: 50)).text
        #expect(!below.contains(cure))
        #expect(below.split(whereSeparator: \.isWhitespace).joined(separator: " ").contains(cure))
        #expect(TerminalReport(results, style: plain).text.contains("    → \(cure)\n"))
    }

    @Test("an instruction's number stands apart from its text, however long it is", arguments: [7, 2908, 123_456])
    func longNumber(index: Int) throws {
        let log = "\(index): (79) r0 = *(u64 *)(r0 +0)\nR0 invalid mem access 'scalar'\n"
        let explanation = Explanation(of: Evidence(refusal: .program, log: VerifierLog(Array(log.utf8))))
        let lines = ExplanationText(explanation, excerpt: nil, style: plain).lines()
        #expect(lines.contains { $0.contains("instruction \(index) ") && $0.hasSuffix(" r0 = *(u64 *)(r0 +0)") })
    }

    @Test("what results keep of an explanation is what was put into them")
    func json() throws {
        #expect(try JSONReport.results(JSONReport.data(results)).cells == results.cells)
    }

    @Test("a code of a later version is unknown, and the rest is read")
    func laterCode() throws {
        let text = String(decoding: try JSONReport.data(results), as: UTF8.self)
            .replacing("\"null-dereference\"", with: "\"found-in-2031\"")
        let read = try JSONReport.results(Data(text.utf8))
        #expect(read.cells.last?.explanation?.code == .unknown)
        #expect(read.cells.last?.explanation?.sentence == Self.cells[1].explanation?.sentence)
    }

    @Test("results from before there were explanations are explained by the logs in them")
    func older() throws {
        var cell = Self.cells[1]
        cell.explanation = nil
        let explained = try #require(cell.explained.explanation)
        #expect(explained.code == .nullDereference)
        #expect(explained.place?.line == 12)
        var accepted = cell
        accepted.verdict = .accepted
        #expect(accepted.explained.explanation == nil)
    }

    @Test("an older result whose log was cut has no reason made up of its last line")
    func olderCut() throws {
        let cell = Cell(
            object: "o",
            program: "p",
            kernel: "5.10",
            verdict: .rejected,
            errno: 28,
            message: "regs=40 stack=0 befo",
            log: "2: (85) call bpf_x#7\nregs=40 stack=0 befo\n\(VerifierLog.cutNote)"
        )
        let explanation = try #require(cell.explained.explanation)
        #expect(!explanation.sentence.contains("regs=40"))
        #expect(explanation.words.isEmpty)
    }

    @Test("a source file's lines are shown only where it has that very line there")
    func excerpt() throws {
        let text = "a\nb\n  return *value;\nd\ne\nf\n"
        let excerpt = try #require(SourceExcerpt(of: text, line: 3, expected: "return *value;", note: nil))
        #expect(excerpt.lines == ["a", "b", "  return *value;", "d", "e"])
        #expect(SourceExcerpt(of: text, line: 2, expected: "return *value;", note: nil) == nil)
        #expect(SourceExcerpt(of: text, line: 30, expected: "return *value;", note: nil) == nil)
        #expect(SourceExcerpt(of: text, line: 0, expected: "", note: nil) == nil)
        #expect(SourceExcerpt(of: "\n\n", line: 1, expected: "", note: nil) == nil, "nothing tells that it is the same")
    }

    @Test("the whole explanation, as people read it")
    func whole() throws {
        let group = try #require(RefusalGroup.groups(of: results).first)
        let excerpt = SourceExcerpt(
            of: String(repeating: "\n", count: 10) + "lookup();\nreturn *value;\n}\n",
            line: 12,
            expected: "return *value;",
            note: "open.c is newer"
        )
        let lines = group.text(of: results.objects, excerpt: excerpt, excerptNote: nil, style: plain) { $0 }
        let text = lines.joined(separator: "\n")
        #expect(text.contains("  open.c:12\n"), "\(text)")
        #expect(text.contains("  > 12 | return *value;\n    13 | }\n"), "\(text)")
        #expect(text.contains("  note: open.c is newer\n"))
        #expect(text.contains("instruction 7   r0 = *(u64 *)(r0 +0)\n"))
        #expect(text.contains("R0              a value of map 'table' (8 bytes), or NULL  map_value_or_null("))
        #expect(
            text.contains(
                "set at open.c:11  __u64 *value = bpf_map_lookup_elem(&table, &key);  call bpf_map_lookup_elem#1"
            )
        )
        #expect(text.contains("its words       R0 invalid mem access 'map_value_or_null'"))
    }

    @Test(
        "a newer kernel is said to have what is missing, and not to take the program",
        arguments: [
            ("call unknown#181", "invalid func unknown#181", "what is missing came with Linux 5.17"),
            (
                "r0 = *(u64 *)(r10 -8)", "invalid read from stack R10 off=-8 size=8",
                "Linux 6.8 and later do not refuse this"
            ),
        ]
    )
    func since(instruction: String, words: String, told: String) {
        let log = "0: (85) \(instruction)\n\(words)\nprocessed 1 insns"
        var evidence = Evidence(refusal: .program, log: VerifierLog(Array(log.utf8)))
        evidence.program.isPrivileged = true
        let text = ExplanationText(Explanation(of: evidence), excerpt: nil, style: plain).lines().joined(
            separator: "\n"
        )
        #expect(text.contains("since           \(told)"))
        #expect(!text.contains("take"))
    }

    @Test("nothing of a log reaches a terminal as more than text")
    func escapes() throws {
        let log =
            "; x\u{1b}[2J; @ a\u{1b}.c:1\n0: (79) r0 = *(u64 *)(r0 +0)\u{1b}[1A\nR0 \u{1b}]0;evil\u{7} bad\nprocessed 1 insns"
        let evidence = Evidence(refusal: .program, log: VerifierLog(Array(log.utf8)))
        let text = ExplanationText(Explanation(of: evidence), excerpt: nil, style: plain)
        #expect(!(text.lines() + [text.title(program: "p\u{1b}")]).joined().contains("\u{1b}"))
        #expect(!LogText.printable(log).contains("\u{1b}"))
    }

    @Test("explanations as JSON say which program and which kernels")
    func explanations() throws {
        let data = try ExplanationsReport.data(RefusalGroup.groups(of: results))
        let document = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(document["schema"] as? String == "bpfmatrix.explanations/1")
        let refusal = try #require((document["refusals"] as? [[String: Any]])?.first)
        #expect(refusal["program"] as? String == "count")
        #expect(refusal["kernels"] as? [String] == ["5.10", "6.1"])
    }
}
