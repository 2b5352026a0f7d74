// SPDX-License-Identifier: Apache-2.0

import Foundation
import Results
import Testing
import VerifierLog

@testable import Reports

@Suite struct FindingTests {
    private typealias Occurrence = Finding<String>.Occurrence

    private func program(_ name: String, _ object: String = "o") -> ProgramName {
        ProgramName(object: object, program: name)
    }

    private func occurrence(_ reason: String, _ name: String, _ kernel: String) -> Occurrence {
        Occurrence(reason, for: program(name), on: kernel)
    }

    @Test("a reason is one finding, and no program is told together with a kernel that it was not given for")
    func collect() {
        let findings = Finding.collect([
            occurrence("x", "a", "5.10"), occurrence("x", "a", "6.1"), occurrence("y", "a", "6.1"),
            occurrence("x", "b", "5.10"), occurrence("x", "b", "6.1"), occurrence("x", "c", "6.1"),
            occurrence("x", "c", "6.1"),
        ])
        #expect(findings.map(\.reason) == ["x", "y"])
        #expect(findings.map { $0.extents.map(\.kernels) } == [[["5.10", "6.1"], ["6.1"]], [["6.1"]]])
        #expect(findings.map { $0.extents.map { $0.programs.map(\.program) } } == [[["a", "b"], ["c"]], [["a"]]])
        #expect(Finding<String>.collect([]).isEmpty)
    }

    @Test(
        "programs are named while they are few, and counted beyond that",
        arguments: [
            (["a"], "o a"), (["a", "b"], "o a, b"), (["a", "b", "c", "d"], "o a, b, c, d"),
            (["a", "b", "c", "d", "e"], "o a, b, c and 2 more"),
            (["a", "b", "c", "d", "e", "f"], "o (all 6 programs)"),
            (["*"], "o"), (["a\u{1b}"], #"o a\u{1b}"#),
        ]
    )
    func names(programs: [String], expected: String) {
        let object = TestedObject(
            name: "o",
            path: "",
            sha256: "",
            programs: ["a", "b", "c", "d", "e", "f"].map { TestedProgram(name: $0, section: "", type: "") },
            isCompiled: false
        )
        #expect(ProgramList(programs.map { program($0) }, of: [object]).text == expected)
        #expect(ProgramList([program("a")], of: []).text == "o a")
    }

    @Test("beyond some objects the rest is counted, with their programs where those are meant")
    func objects() {
        let names = (1...12).map { "o\($0)" }
        let whole = ProgramList(names.map { program("*", $0) }, of: []).text
        #expect(whole == "o1; o2; o3; and 9 more objects")
        let programs = names.flatMap { [program("a", $0), program("b", $0)] }
        #expect(ProgramList(programs, of: []).text == "o1 a, b; o2 a, b; o3 a, b; and 9 more objects (18 programs)")
    }
}

/// An object with very many programs, one map of which is refused; made up.
enum LargeRun {
    static let kernels = ["5.10", "6.1", "6.12", "7.2"]

    static func results(programs count: Int, _ cell: (Int, String) -> Cell) -> MatrixResults {
        let cells = (0..<count).flatMap { index in kernels.map { cell(index, $0) } }
        return MatrixResults(
            tool: Version(name: "bpfmatrix", version: "0"),
            loader: Version(name: "libbpf", version: "1.7.0"),
            witness: nil,
            objects: [
                TestedObject(
                    name: "probe.bpf.o",
                    path: "",
                    sha256: "",
                    programs: (0..<count).map { TestedProgram(name: "p\($0)", section: "tp_btf/x", type: "tracing") },
                    isCompiled: false
                )
            ],
            kernels: kernels.map { SampleRun.kernel($0, "\($0).1") },
            cells: cells,
            bpftool: [],
            summary: Summary(cells: cells, witnesses: [], seconds: 1)
        )
    }

    static func cell(_ index: Int, _ kernel: String, _ verdict: Verdict = .accepted) -> Cell {
        Cell(object: "probe.bpf.o", program: "p\(index)", kernel: kernel, verdict: verdict)
    }

    /// Every program needs the map, or is refused with it.
    static let refusedMap = results(programs: 206) { index, kernel in
        let map = Evidence.MapFacts(name: "buffers", type: 2, maxEntries: 0, errno: 22)
        var cell = cell(index, kernel, .map)
        cell.errno = 22
        cell.message = "map 'buffers' (array) has max_entries 0" + (index % 2 == 0 ? "; without it…" : "")
        cell.explanation = Explanation(of: Evidence(refusal: .map(map), errno: 22))
        return cell
    }
}

@Suite struct LargeObjectTests {
    private let plain = TextStyle(isUnicode: true, isColoured: false)

    @Test("a refused map is one finding that names the map and counts the programs")
    func refusedMap() {
        let text = TerminalReport(LargeRun.refusedMap, style: plain).text
        #expect(text.components(separatedBy: "max-entries-unset").count == 2, "\(text)")
        #expect(
            text.contains(
                "[max-entries-unset]  probe.bpf.o (all 206 programs) on 5.10.1, 6.1.1, 6.12.1, 7.2.1 (EINVAL)\n"
                    + "    map 'buffers' (array) has max_entries 0"
            ),
            "\(text)"
        )
        #expect(text.contains("    kernel (412 of 824 times): map 'buffers'"), "\(text)")
        #expect(text.split(separator: "\n").count < 20)
    }

    @Test(
        "rows with the same words share one, below those that differ; a flag, and objects with fewer programs, show all"
    )
    func folded() {
        func lines(_ count: Int, isWhole: Bool = false) -> [String] {
            let results = LargeRun.results(programs: count) { index, kernel in
                LargeRun.cell(index, kernel, index < 3 && kernel == "5.10" ? .rejected : .accepted)
            }
            let text = TerminalReport(results, style: plain, isWhole: isWhole).text
            return text.split(separator: "\n").map(String.init)
        }
        let folded = lines(206).filter { $0.hasPrefix("  ") && $0.contains(" tracing ") }
        #expect(
            folded.map { $0.prefix(14).trimmingCharacters(in: .whitespaces) } == ["p0", "p1", "p2", "203 programs"]
        )
        #expect(folded.last?.split(separator: " ") == ["203", "programs", "tracing", "✓", "✓", "✓", "✓"])
        #expect(lines(206, isWhole: true).count > 206)
        #expect(lines(60).contains { $0.hasPrefix("  p59 ") })
    }

    @Test("an object whose programs differ in every way still fits")
    func manyKinds() {
        let verdicts = Verdict.allCases
        let results = LargeRun.results(programs: 800) { index, kernel in
            let place = LargeRun.kernels.firstIndex(of: kernel) ?? 0
            return LargeRun.cell(index, kernel, verdicts[(index / (place == 0 ? 1 : 10)) % (place < 2 ? 10 : 1)])
        }
        let lines = MatrixTable(
            objects: results.objects,
            kernels: results.kernels,
            cells: results.cells,
            style: plain
        ).lines
        #expect(lines.count < 110)
        #expect(lines.contains { $0.hasPrefix("  8 programs ") })
    }

    @Test("a check tells an object's one reason once")
    func check() {
        let reason = CheckReason(code: "struct-ops-lacking", sentence: "no sched_ext_ops", place: nil, cure: "c")
        let objects = (1...12).map { number in
            TestedObject(
                name: "scx\(number).bpf.o",
                path: "",
                sha256: "",
                programs: (0..<50).map { TestedProgram(name: "p\($0)", section: "struct_ops/x", type: "struct_ops") },
                isCompiled: false
            )
        }
        let cells = ["5.10", "6.1"].flatMap { kernel in
            objects.flatMap { object in
                object.programs.map { program in
                    CheckCell(
                        object: object.name,
                        program: program.name,
                        kernel: kernel,
                        prediction: .willFail,
                        reasons: [reason],
                        unknowns: [],
                        attachment: []
                    )
                }
            }
        }
        var results = CheckResults(
            tool: Version(name: "bpfmatrix", version: "1"),
            objects: objects,
            kernels: ["5.10", "6.1"].map {
                CheckKernel(spec: $0, version: $0, release: $0, digest: "", source: "", isSurveyed: true)
            },
            cells: cells,
            seconds: 1
        )
        results.oldest = results.oldestKernels(["5.10", "6.1"])
        let text = CheckReport(results, style: plain).text
        #expect(text.components(separatedBy: "will fail [struct-ops-lacking]").count == 2)
        #expect(
            text.contains(
                "[struct-ops-lacking]  scx1.bpf.o (all 50 programs); scx2.bpf.o (all 50 programs); "
                    + "scx3.bpf.o (all 50 programs); and 9 more objects (450 programs) on 5.10, 6.1\n"
            ),
            "\(text.suffix(1000))"
        )
        #expect(text.components(separatedBy: "fits on none that was checked").count == 2)
    }

    @Test("a map that other programs are refused for on other kernels is still one finding")
    func extents() throws {
        var results = LargeRun.refusedMap
        for index in results.cells.indices where ["p3", "p7"].contains(results.cells[index].program) {
            guard results.cells[index].kernel == "5.10" else { continue }
            results.cells[index] = LargeRun.cell(0, "5.10", .accepted)
        }
        let text = TerminalReport(results, style: plain).text
        #expect(text.components(separatedBy: "max-entries-unset").count == 2, "\(text)")
        #expect(
            text.contains("probe.bpf.o p0, p1, p2 and 201 more on 5.10.1, 6.1.1, 6.12.1, 7.2.1 (EINVAL)\n"),
            "\(text)"
        )
        #expect(text.contains("\n    and probe.bpf.o p3, p7 on 6.1.1, 6.12.1, 7.2.1\n"), "\(text)")
        let data = try ExplanationsReport.data(
            RefusalGroup.groups(results.cells.filter { $0.verdict != .accepted }, in: .paths)
        )
        let document = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let refusals = try #require(document["refusals"] as? [[String: Any]])
        #expect(refusals.compactMap { ($0["programs"] as? [Any])?.count } == [204, 2])
        #expect(refusals.compactMap { ($0["kernels"] as? [String])?.count } == [4, 3])
    }

    @Test("explanations as JSON list the programs of a reason")
    func json() throws {
        let groups = RefusalGroup.groups(LargeRun.refusedMap.cells, in: .paths)
        let data = try ExplanationsReport.data(groups)
        let document = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let refusals = try #require(document["refusals"] as? [[String: Any]])
        #expect(refusals.count == 1)
        #expect((refusals.first?["programs"] as? [[String: String]])?.count == 206)
        #expect(refusals.first?["program"] as? String == "p0")
        #expect(refusals.first?["kernels"] as? [String] == LargeRun.kernels)
    }

    @Test("where the path through the code matters, each program keeps its own")
    func paths() {
        let log = "; return *value; @ a.c:3\n7: (79) r0 = *(u64 *)(r0 +0)\nR0 invalid mem access 'scalar'\n"
        let explanation = Explanation(of: Evidence(refusal: .program, errno: 13, log: VerifierLog(Array(log.utf8))))
        let cells = ["a", "b"].map {
            Cell(object: "o", program: $0, kernel: "6.1", verdict: .rejected, errno: 13, explanation: explanation)
        }
        #expect(RefusalGroup.groups(cells).map(\.programs.count) == [2])
        #expect(RefusalGroup.groups(cells, in: .paths).map(\.programs.count) == [1, 1])
    }

    @Test("bpftool's silence over many objects is one line")
    func silence() {
        var results = LargeRun.results(programs: 1) { LargeRun.cell($0, $1) }
        results.bpftool = (1...9).flatMap { number in
            LargeRun.kernels.map {
                WitnessStatement(
                    object: "o\(number)",
                    kernel: $0,
                    verdict: .infrastructure,
                    output: "not there\r\nat all"
                )
            }
        }
        let text = TerminalReport(results, style: plain).text
        #expect(text.components(separatedBy: "has no word").count == 2)
        #expect(text.contains("?  bpftool has no word on o1; o2; o3; and 6 more objects on 5.10.1, "))
        #expect(text.contains(": not there\n"), "\(text)")
    }
}

@Suite struct EventLineTests {
    private func line(_ verdicts: [(Verdict, Int)], cached: Int = 0, program: String? = nil) -> String? {
        var cells = verdicts.flatMap { verdict, count in
            (0..<count).map {
                Cell(object: "probe.bpf.o", program: program ?? "p\($0)", kernel: "6.1", verdict: verdict)
            }
        }
        for index in 0..<cached { cells[index].isCached = true }
        var lines = EventLines(style: TextStyle(isUnicode: true, isColoured: false))
        return lines.line(for: .cells(cells))
    }

    @Test("an object on a kernel is one line, with what its programs came to")
    func cells() {
        #expect(
            line([(.accepted, 200), (.rejected, 4), (.target, 2)])
                == "6.1: probe.bpf.o: 200 of 206 accepted, 6 not (4 rejected, 2 target)"
        )
        #expect(line([(.accepted, 2)]) == "6.1: probe.bpf.o: 2 of 2 accepted")
        #expect(line([(.accepted, 2)], cached: 2) == "6.1: probe.bpf.o: 2 of 2 accepted, cached")
        #expect(
            line([(.accepted, 2), (.timeout, 1)], cached: 2)
                == "6.1: probe.bpf.o: 2 of 3 accepted, 1 not (timeout), 2 cached"
        )
        #expect(line([(.infrastructure, 3)]) == "6.1: probe.bpf.o: 0 of 3 accepted, 3 without a verdict")
        #expect(line([(.rejected, 1)], program: "*") == "6.1: probe.bpf.o: ✗ rejected")
        #expect(line([]) == nil)
    }

    @Test("line ends of a console are line ends, in notes on a terminal too", arguments: ["\n", "\r\n", "\r"])
    func lineEnds(end: String) {
        let note = RunEvent.note("6.1: lost a guest\(end)the console: \u{1b}[2Jx")
        var lines = EventLines(style: TextStyle(isUnicode: true, isColoured: false))
        #expect(lines.line(for: note) == "note: 6.1: lost a guest\nthe console: \\u{1b}[2Jx")
        var matrix = LiveMatrix(style: TextStyle(isUnicode: true, isColoured: false))
        #expect(matrix.apply(note) == "note: 6.1: lost a guest\nthe console: \\u{1b}[2Jx")
    }
}
