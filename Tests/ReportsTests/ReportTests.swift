// SPDX-License-Identifier: Apache-2.0

import Foundation
import Reports
import Results
import Testing

@Suite struct ReportTests {
    private let plain = TextStyle(isUnicode: true, isColoured: false)

    @Test("the whole report, as people read it")
    func whole() {
        #expect(
            TerminalReport(SampleRun.results, style: plain).text == """
                compiled 1 object once   open.bpf.o sha256 abababababab…   (clang 21, vmlinux.h from 6.12.117)
                                                5.10.262     6.1.192         4.4
                open.bpf.o
                  trace_open         kprobe        ✓            ✓        ? no verdict
                  count              tracing   ✗ rejected   ✗ rejected   ? no verdict

                ? no verdict  4.4: no kernel 4.4 in the archive
                ✗ rejected  open.bpf.o count on 5.10.262, 6.1.192 (EACCES)
                    R1 invalid mem access 'scalar'
                    at: return *value; @ open.c:12
                !  bpftool disagrees about open.bpf.o on 5.10.262: bpftool loads the object although count was refused to the agent

                2 of 6 accepted · 2 not · 2 without a verdict · bpftool disagrees 1× · 3 kernels · emulated (no KVM) · 9.8 s

                """
        )
    }

    @Test("a name can't draw over what is said of it")
    func harmfulNames() {
        var results = SampleRun.results
        let name = "evil\u{1b}[1A\r✓\u{202e}"
        results.objects[0].programs[0].name = name
        for index in results.cells.indices where results.cells[index].program == "trace_open" {
            results.cells[index].program = name
        }
        let text = TerminalReport(results, style: plain).text
        #expect(!text.unicodeScalars.contains { ["\u{1b}", "\r", "\u{202e}"].contains($0) })
        #expect(text.contains(#"evil\u{1b}[1A\u{d}✓\u{202e}"#))
        var lines = EventLines(style: plain)
        #expect(lines.line(for: .note("a\u{1b}[2Jb")) == #"note: a\u{1b}[2Jb"#)
    }

    @Test("a witness agrees only where there was something to compare its word with")
    func agreement() {
        func sum(_ cells: [Verdict], _ said: [Verdict]) -> String {
            let names = ["0.o", "1.o"]
            let statements = zip(names, said).map {
                WitnessStatement(object: $0, kernel: "6.1", loader: "image:bpftool 7.1.0", verdict: $1, output: "x")
            }
            let cells = zip(names, cells).map {
                Cell(object: $0, program: "*", kernel: "6.1", verdict: $1, message: "x")
            }
            let results = MatrixResults(
                tool: Version(name: "bpfmatrix", version: "0"),
                loader: Version(name: "bpftool", version: "7.5.0"),
                witness: nil,
                objects: [],
                kernels: [],
                cells: cells,
                bpftool: statements,
                summary: Summary(cells: cells, witnesses: statements, seconds: 0)
            )
            let text = TerminalReport(results, style: TextStyle(isUnicode: true, isColoured: false)).text
            return text.split(separator: "\n").last.map(String.init) ?? ""
        }
        #expect(sum([.accepted], [.accepted]).contains("image:bpftool 7.1.0 agrees ·"))
        #expect(sum([.accepted, .infrastructure], [.accepted, .accepted]).contains("7.1.0 agrees on 1 of 2 ·"))
        #expect(sum([.accepted, .accepted], [.accepted, .infrastructure]).contains("7.1.0 agrees on 1 of 2 ·"))
        let uncompared: [([Verdict], [Verdict])] = [
            ([.infrastructure], [.accepted]), ([.object], [.accepted]), ([], [.accepted]), ([.accepted], [.object]),
            ([], []),
        ]
        for (cells, said) in uncompared { #expect(!sum(cells, said).contains("agrees"), "\(cells) \(said)") }
    }

    @Test("without Unicode everything is ASCII, and every verdict still has its word")
    func ascii() {
        let text = TerminalReport(SampleRun.results, style: TextStyle(isUnicode: false, isColoured: false)).text
        #expect(text.allSatisfy { $0.isASCII })
        #expect(text.contains("ok") && text.contains("x rejected") && text.contains("? no verdict"))
    }

    @Test("colours are added to the text and change nothing of it")
    func colours() {
        let coloured = TerminalReport(SampleRun.results, style: TextStyle(isUnicode: true, isColoured: true)).text
        let bare = coloured.replacing(#/\u{1b}\[[0-9]*m/#, with: "")
        #expect(coloured.contains("\u{1b}[31m✗ rejected") || coloured.contains("\u{1b}[31m ✗ rejected"))
        let lines = bare.split(separator: "\n").map { $0.trimmingPrefix(" ") }
        let plainLines = TerminalReport(SampleRun.results, style: plain).text.split(separator: "\n").map {
            $0.trimmingPrefix(" ")
        }
        #expect(lines.map { $0.filter { $0 != " " } } == plainLines.map { $0.filter { $0 != " " } })
    }

    @Test("an event is one line, and a download is told once")
    func events() {
        var lines = EventLines(style: plain)
        #expect(lines.line(for: .working("6.1: downloading", fraction: 0.1)) == "6.1: downloading")
        #expect(lines.line(for: .working("6.1: downloading", fraction: 0.2)) == nil)
        #expect(
            lines.line(for: .began(objects: [SampleRun.object], kernels: SampleRun.kernels))
                == "testing 2 programs of 1 object on 3 kernels"
        )
        #expect(
            lines.line(for: .started(kernel: "6.1", seconds: 0.081, isRestored: true)) == "6.1.192: restored in 0.08 s"
        )
        #expect(
            lines.line(for: .started(kernel: "6.1", seconds: 2.34, isRestored: false)) == "6.1.192: booted in 2.3 s"
        )
        #expect(
            lines.line(for: .cells([SampleRun.cells[0], SampleRun.cells[2]]))
                == "5.10.262: open.bpf.o: 1 of 2 accepted, 1 not (rejected)"
        )
        #expect(
            lines.line(for: .kernelFailed(kernel: "4.4", reason: "nobody has it")) == "4.4: given up: nobody has it"
        )
    }

    @Test("what is redrawn fits the window, whatever its size", arguments: [(200, 50), (40, 50), (200, 5), (10, 3)])
    func live(width: Int, height: Int) {
        var matrix = LiveMatrix(style: plain)
        #expect(matrix.lines(width: width, height: height).isEmpty)
        _ = matrix.apply(.working("6.1: downloading something with quite a long name", fraction: 0.5))
        #expect(matrix.lines(width: width, height: height).allSatisfy { $0.count < width })
        _ = matrix.apply(.began(objects: [SampleRun.object], kernels: SampleRun.kernels))
        _ = matrix.apply(.started(kernel: "6.1", seconds: 2, isRestored: false))
        _ = matrix.apply(.cells(SampleRun.cells))
        let lines = matrix.lines(width: width, height: height)
        #expect(!lines.isEmpty)
        #expect(lines.allSatisfy { $0.count < width })
        #expect(lines.count <= max(height, SampleRun.kernels.count))
        if width == 200 && height == 50 { #expect(lines.contains { $0.contains("trace_open") }) }
    }

    @Test("JSON comes back as it went out, with the schema's name and the same bytes each time")
    func json() throws {
        let data = try JSONReport.data(SampleRun.results)
        #expect(try JSONReport.results(data) == SampleRun.results)
        #expect(try JSONReport.data(SampleRun.results) == data)
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(object["schema"] as? String == "bpfmatrix.results/1")
        let keys = Set(["tool", "loader", "objects", "kernels", "cells", "bpftool", "summary"])
        #expect(keys.isSubset(of: object.keys))
        let cell = try #require((object["cells"] as? [[String: Any]])?[2])
        #expect(cell["verdict"] as? String == "rejected")
        #expect(cell["errno"] as? Int == 13)
    }
}

@Suite struct SummaryTests {
    private func status(_ verdicts: [Verdict], witnesses: [WitnessStatement] = []) -> Int {
        let cells = verdicts.map { Cell(object: "o", program: "p", kernel: "k", verdict: $0) }
        return Summary(cells: cells, witnesses: witnesses, seconds: 1).exitStatus
    }

    @Test("exit statuses: 0 only where every cell is green")
    func statuses() {
        #expect(status([.accepted, .accepted]) == 0)
        for verdict in Verdict.allCases where verdict != .accepted && verdict != .infrastructure {
            #expect(status([.accepted, verdict]) == 1, "\(verdict)")
        }
        #expect(status([.accepted, .infrastructure]) == 3)
        #expect(status([.rejected, .infrastructure]) == 1)
    }

    @Test("nothing asked is not a success")
    func empty() {
        #expect(status([]) == 3)
    }

    @Test("a witness that contradicts, or has no word, is not a success")
    func witnesses() {
        let contradiction = WitnessStatement(
            object: "o",
            kernel: "k",
            verdict: .rejected,
            output: "",
            disagreement: "…"
        )
        let silence = WitnessStatement(object: "o", kernel: "k", verdict: .timeout, output: "")
        #expect(status([.accepted], witnesses: [contradiction]) == 1)
        #expect(status([.accepted], witnesses: [silence]) == 3)
    }
}

@Suite struct WatchPageTests {
    private let page = WatchPage(["src/bpf"], style: TextStyle(isUnicode: true, isColoured: false))

    @Test("title, content, and what can be pressed")
    func lines() {
        #expect(
            page.lines(["a", "b"], .working, height: 24)
                == ["watching src/bpf", "", "a", "b", "", "working · r asks the kernels again · q quits"]
        )
        #expect(page.lines([], .done(seconds: 0.314), height: 24).last?.hasPrefix("0.31 s · ") == true)
    }

    @Test("what does not fit is counted", arguments: [1, 5, 10, 24])
    func height(height: Int) {
        let content = (0..<100).map { "line \($0)" }
        let lines = page.lines(content, .working, height: height)
        #expect(lines.count == max(5, height))
        let shown = max(1, height - 4) - 1
        #expect(lines[lines.count - 3] == "… \(100 - shown) lines more")
    }

    @Test("each input that can't be tested is marked, and its details follow")
    func complaints() {
        #expect(
            page.complaints(["a.c does not compile\na.c:1: error", "b.o: not an ELF file"])
                == ["✗ a.c does not compile", "a.c:1: error", "✗ b.o: not an ELF file"]
        )
        #expect(page.complaints(["\u{1b}[2J"]).allSatisfy { !$0.contains("\u{1b}") })
    }
}
