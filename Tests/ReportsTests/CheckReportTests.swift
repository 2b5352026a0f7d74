// SPDX-License-Identifier: Apache-2.0

import Foundation
import Results
import Testing

@testable import Reports

@Suite struct CheckReportTests {
    private static func kernel(_ spec: String, failure: String? = nil) -> CheckKernel {
        CheckKernel(
            spec: spec,
            version: "\(spec).1",
            release: "\(spec).1-cloud",
            digest: "00",
            source: "debian",
            isSurveyed: failure == nil,
            failure: failure
        )
    }

    private static let helper = CheckReason(
        code: "helper-unknown",
        sentence: "this kernel has no helper bpf_loop",
        place: CheckPlace(
            file: "/build/x/probe.bpf.c",
            line: 12,
            function: "handler",
            text: "bpf_loop(8, step, 0, 0);"
        ),
        cure: "ask whether it is there"
    )
    private static let unclear = CheckReason(
        code: "kfunc-not-allowed",
        sentence: "it is not known",
        place: nil,
        cure: nil
    )

    private static func results(
        _ predictions: [(kernel: String, Prediction)],
        failing: [String] = []
    ) -> CheckResults {
        let cells = predictions.map { kernel, prediction in
            CheckCell(
                object: "probe.bpf.o",
                program: "handler",
                kernel: kernel,
                prediction: prediction,
                reasons: prediction == .willFail ? [helper] : [],
                unknowns: prediction == .cannotTell ? [unclear] : [],
                attachment: []
            )
        }
        let object = TestedObject(
            name: "probe.bpf.o",
            path: "probe.bpf.o",
            sha256: "00",
            programs: [TestedProgram(name: "handler", section: "kprobe/x", type: "kprobe")],
            isCompiled: false
        )
        var results = CheckResults(
            tool: Version(name: "bpfmatrix", version: "1"),
            objects: [object],
            kernels: predictions.map { kernel($0.kernel) } + failing.map { kernel($0, failure: "no source has it") },
            cells: cells,
            seconds: 0.123
        )
        results.oldest = results.oldestKernels(predictions.map(\.kernel))
        return results
    }

    private static func text(_ results: CheckResults) -> String {
        CheckReport(results, style: TextStyle(isUnicode: false, isColoured: false)).text
    }

    @Test("the matrix, then the step, then each reason once, with its place and what to do")
    func report() {
        let text = Self.text(Self.results([("5.10", .willFail), ("5.15", .willFail), ("6.1", .fits)]))
        #expect(
            text == """
                                                5.10.1        5.15.1         6.1.1
                probe.bpf.o
                  handler            kprobe   x will fail   x will fail     ok fits

                probe.bpf.o handler: fits from 6.1.1; not on 5.15.1, the next older that was checked
                    helper-unknown: this kernel has no helper bpf_loop (probe.bpf.c:12 in handler)

                x will fail [helper-unknown]  probe.bpf.c:12  probe.bpf.o handler on 5.10.1, 5.15.1
                    this kernel has no helper bpf_loop
                    at: bpf_loop(8, step, 0, 0);
                    -> ask whether it is there

                1 of 3 fit, the verifier's own analysis left aside, 2 will fail, 3 kernels, predicted, not loaded, 0.12 s

                """
        )
    }

    @Test("a prediction that depends on an assumed value says so, and where it will fail the value does not matter")
    func assumed() {
        var results = Self.results([("5.10", .willFail), ("6.1", .fits)])
        for index in results.cells.indices { results.cells[index].assumed = ["max_entries 1 of counts"] }
        let lines = Self.text(results).split(separator: "\n")
        #expect(lines[2].hasSuffix("x will fail     ok fits assumed"))
        #expect(lines.contains("  probe.bpf.o: max_entries 1 of counts"))
        results.cells.removeAll { $0.prediction == .fits }
        #expect(!Self.text(results).contains("assumed"))
    }

    @Test(
        "the oldest kernel is one that was checked, and what lies between two is not spoken of",
        arguments: [
            ([("5.10", .fits), ("6.1", .fits)], "fits from 5.10.1, the oldest that was checked"),
            ([("5.10", .fits), ("6.1", .willFail)], "fits on 5.10.1, the oldest that was checked; but not on 6.1.1"),
            ([("5.10", .cannotTell), ("6.1", .fits)], "fits from 6.1.1; not known on 5.10.1, the next older"),
            (
                [("5.10", .fits), ("5.15", .willFail), ("6.1", .fits)],
                "fits on 5.10.1, the oldest that was checked; but not on 5.15.1"
            ),
            ([("5.10", .willFail)], "fits on none that was checked; not on 5.10.1, the newest"),
        ] as [([(kernel: String, Prediction)], String)]
    )
    func oldest(predictions: [(kernel: String, Prediction)], expected: String) {
        let text = Self.text(Self.results(predictions))
        #expect(text.contains("probe.bpf.o handler: \(expected)"), "\(text)")
    }

    @Test(
        "a program that will fail makes the status 1, else one that can't be told or a kernel that is not to be had 3",
        arguments: [
            ([("6.1", .fits)], [], 0), ([("6.1", .fits), ("5.10", .willFail)], [], 1),
            ([("6.1", .fits), ("5.10", .cannotTell)], [], 3),
            ([("6.1", .cannotTell), ("5.10", .willFail)], [], 1), ([("6.1", .fits)], ["6.6"], 3), ([], [], 3),
        ] as [([(kernel: String, Prediction)], [String], Int)]
    )
    func status(predictions: [(kernel: String, Prediction)], failing: [String], expected: Int) {
        #expect(Self.results(predictions, failing: failing).exitStatus == expected)
    }

    @Test("a reason is told of no program on a kernel where it was not given")
    func pairs() {
        var results = Self.results([("5.10", .willFail), ("6.1", .fits)])
        results.objects[0].programs.append(TestedProgram(name: "other", section: "kprobe/y", type: "kprobe"))
        results.oldest = nil
        var (first, second) = (results.cells[0], results.cells[1])
        (first.program, first.prediction, first.reasons) = ("other", .fits, [])
        (second.program, second.prediction, second.reasons) = ("other", .willFail, [Self.helper])
        results.cells += [first, second]
        let text = Self.text(results)
        #expect(text.contains("probe.bpf.o handler on 5.10.1\n"), "\(text)")
        #expect(text.contains("probe.bpf.o other on 6.1.1\n"), "\(text)")
    }

    @Test("what concerns an object as a whole is written once, and told of all its programs")
    func wholes() throws {
        var results = Self.results([("5.10", .willFail), ("6.1", .fits)])
        let programs = (0..<100).map { TestedProgram(name: "p\($0)", section: "tc", type: "sched_cls") }
        results.objects[0].programs = programs
        results.cells = ["5.10", "6.1"].flatMap { kernel in
            programs.map { program in
                CheckCell(
                    object: "probe.bpf.o",
                    program: program.name,
                    kernel: kernel,
                    prediction: kernel == "5.10" ? .willFail : .fits,
                    reasons: program.name == "p7" && kernel == "5.10" ? [Self.helper] : [],
                    unknowns: [],
                    attachment: []
                )
            }
        }
        let reasons = (0..<3000).map {
            CheckReason(code: "kfunc-unknown", sentence: "this kernel has no function kf_\($0)", place: nil, cure: nil)
        }
        results.wholes = [
            CheckWhole(object: "probe.bpf.o", kernel: "5.10", reasons: reasons, unknowns: [], attachment: [])
        ]
        results.oldest = results.oldestKernels(["5.10", "6.1"])
        let text = Self.text(results)
        #expect(
            text.contains(
                "x will fail [kfunc-unknown]  probe.bpf.o (all 100 programs) on 5.10.1\n    this kernel has no function kf_2999\n"
            ),
            "\(text.prefix(3000))"
        )
        #expect(text.contains("x will fail [helper-unknown]  probe.bpf.c:12  probe.bpf.o p7 on 5.10.1\n"))
        #expect(text.contains("    kfunc-unknown: this kernel has no function kf_0\n"))
        let json = try CheckReport.json(results)
        #expect(json.count < 1_500_000)
        #expect(try JSONDecoder().decode(CheckResults.self, from: json) == results)
    }

    @Test("of programs that will fail for reasons of their own, what is not known of their object is not told")
    func wholesOfSome() {
        var results = Self.results([("5.10", .willFail)])
        results.objects[0].programs.append(TestedProgram(name: "other", section: "kprobe/y", type: "kprobe"))
        var other = results.cells[0]
        (other.program, other.prediction, other.reasons) = ("other", .cannotTell, [])
        results.cells.append(other)
        results.wholes = [
            CheckWhole(object: "probe.bpf.o", kernel: "5.10", reasons: [], unknowns: [Self.unclear], attachment: [])
        ]
        results.oldest = nil
        #expect(
            Self.text(results).contains("?  [kfunc-not-allowed]  probe.bpf.o other on 5.10.1\n")
                || Self.text(results).contains("? [kfunc-not-allowed]  probe.bpf.o other on 5.10.1\n"),
            "\(Self.text(results))"
        )
    }

    @Test("an endless line of C is cut, and a failure of several lines stays several")
    func length() {
        var results = Self.results([("5.10", .willFail)], failing: ["6.6"])
        results.kernels[1].failure = "no source has it\n  debian: no"
        results.cells[0].reasons[0].place?.text = String(repeating: "x", count: 100_000)
        let text = Self.text(results)
        #expect(text.count < 2000)
        #expect(text.contains("?  6.6.1: no source has it\n     debian: no\n"), "\(text)")
    }

    @Test("what is written as JSON is read again")
    func json() throws {
        let results = Self.results([("5.10", .willFail), ("6.1", .cannotTell)], failing: ["6.6"])
        let read = try JSONDecoder().decode(CheckResults.self, from: CheckReport.json(results))
        #expect(read == results)
        #expect(read.schema == "bpfmatrix.check/2")
    }

    @Test(
        "a prediction is a defect where it is wrong, and not where nobody can know",
        arguments: [
            (.willFail, .accepted, 1), (.willFail, .target, 0), (.fits, .accepted, 0), (.fits, .target, 1),
            (.fits, .map, 1), (.cannotTell, .accepted, 0), (.cannotTell, .unsupported, 0), (.fits, .crashed, 0),
        ] as [(Prediction, Verdict, Int)]
    )
    func accuracy(prediction: Prediction, verdict: Verdict, defects: Int) {
        let check = Self.results([("6.1", prediction)])
        let cell = Cell(object: "probe.bpf.o", program: "handler", kernel: "6.1", verdict: verdict, message: "why")
        let verdicts = MatrixResults(
            tool: Version(name: "bpfmatrix", version: "1"),
            loader: Version(name: "libbpf", version: "1.7.0"),
            witness: nil,
            objects: check.objects,
            kernels: [],
            cells: [cell],
            bpftool: [],
            summary: Summary(cells: [cell], witnesses: [], seconds: 0)
        )
        let accuracy = Accuracy(check, against: verdicts)
        #expect(accuracy.defects.count == defects)
        #expect(accuracy.unjudged == (verdict == .crashed ? 1 : 0))
    }
}
