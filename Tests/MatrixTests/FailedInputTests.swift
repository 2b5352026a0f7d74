// SPDX-License-Identifier: Apache-2.0

import BPFObject
import Foundation
import Results
import SystemPackage
import TestKernels
import Testing
import VerifierLog

@testable import Matrix

/// Inputs that can't be tested: each has its cause and its row, and costs no other input.
@Suite struct FailedInputTests {
    private func failure(of path: FilePath) -> FailedInput? { InputReader.read(path).first?.failed }

    @Test("a file that is no object says what it is instead")
    func notObjects() async throws {
        try await withScratchFolder { folder in
            let text = folder.appending("text.o")
            try text.write("just words")
            let words = try #require(failure(of: text))
            #expect(words.failure.code == .notAnObject && words.failure.sentence.contains("not an ELF file"))
            #expect(words.name == "text.o" && words.path == text.string && !words.isCompiled)
            #expect(words.described.sha256.count == 64)

            let program = try #require(failure(of: "/bin/true"))
            #expect(program.failure.sentence.contains("without a BPF object inside"))

            let cut = folder.appending("cut.o")
            try cut.write(Array(InputReaderTests.object.dropLast(40)))
            let damaged = try #require(failure(of: cut))
            #expect(damaged.failure.code == .notAnObject && damaged.description.hasPrefix("\(cut): "))

            let missing = try #require(failure(of: "/no/such.o"))
            #expect(missing.failure.sentence == "no such file or folder")
            #expect(missing.described.sha256 == "")
            #expect(InputReader.missing("/no/such.c")?.isCompiled == true)
            #expect(InputReader.missing(text) == nil)
        }
    }

    @Test("two programs of one name are the object's fault, not the file's")
    func sameName() async throws {
        try await withScratchFolder { folder in
            var builder = ObjectBuilder()
            for section in ["socket", "xdp"] { builder.add("p", section: section, [.move(0, 0), .exit]) }
            try folder.appending("same.o").write(builder.build())
            let failed = try #require(failure(of: folder.appending("same.o")))
            #expect(failed.failure.code == .objectUnreadable)
        }
    }

    @Test("an object for the other byte order is refused as such, and can be inspected")
    func foreignByteOrder() async throws {
        try await withScratchFolder { folder in
            let path = folder.appending("x_bpfeb.o")
            try path.write(InputReaderTests.foreign)
            let failed = try #require(failure(of: path))
            #expect(failed.failure.code == .foreignByteOrder)
            #expect(failed.failure.sentence.hasPrefix("foreign byte order: "))
            #expect(failed.failure.cure?.contains("bpfel") == true)
            #expect(InputReader.read(path, for: .inspection).first?.failed?.failure.code != .foreignByteOrder)
        }
    }

    @Test("an object without programs is a note, and none of the inputs")
    func withoutPrograms() async throws {
        try await withScratchFolder { folder in
            let path = folder.appending("lib.bpf.o")
            try path.write(ObjectBuilder().build())
            let inputs = RunInputs(InputReader.read(path))
            #expect(inputs.objects.isEmpty && inputs.failed.isEmpty)
            #expect(inputs.notes.count == 1 && inputs.notes[0].contains("without programs"))
            // Whoever looks into it sees it.
            guard case .object? = InputReader.read(path, for: .inspection).first else {
                Issue.record("not read")
                return
            }
        }
    }

    @Test("a file may hold sound objects and others")
    func embedded() async throws {
        try await withScratchFolder { folder in
            let program = try FilePath("/bin/true").contents
            let path = folder.appending("app")
            try path.write(program + InputReaderTests.object + [0])
            #expect(try InputReader.objects(in: path).map(\.name) == ["app#0"])
        }
    }

    // MARK: In results

    private func inputs(in folder: FilePath) throws -> RunInputs {
        try folder.appending("good.o").write(InputReaderTests.object)
        try folder.appending("words.o").write("words")
        let broken = FailedInput(
            source: "src/broken.c",
            ObjectFailure(
                code: .notCompiled,
                sentence: "it does not compile: no",
                cure: "mend it",
                place: ExplainedPlace(file: "src/broken.c", line: 3, column: 7, text: "no;"),
                output: "/cache/output.txt"
            ),
            description: "src/broken.c does not compile\nno"
        )
        return RunInputs(
            [.failed(broken)] + InputReader.read(folder.appending("words.o"))
                + InputReader.read(folder.appending("good.o"))
        )
    }

    private func results(_ inputs: RunInputs, kernels: [String]) -> MatrixResults {
        let cells = inputs.objects.flatMap { object in
            kernels.map { Cell(object: object.name, program: "p", kernel: $0, verdict: .accepted) }
        }
        return MatrixResults(
            tool: ToolVersion.current,
            loader: Version(name: "libbpf", version: "1"),
            witness: nil,
            objects: inputs.objects.map(\.described),
            kernels: kernels.map {
                TestedKernel(spec: $0, version: $0, release: "", digest: "", source: "", accelerator: "tcg")
            },
            cells: cells,
            bpftool: [],
            summary: Summary(cells: cells, witnesses: [], seconds: 1)
        )
    }

    @Test("each is a row in its place, red on every kernel, and the exit status is 1")
    func matrix() async throws {
        try await withScratchFolder { folder in
            let inputs = try inputs(in: folder)
            let results = inputs.complete(results(inputs, kernels: ["5.10", "6.1"]))
            #expect(results.objects.map(\.name) == ["broken.bpf.o", "words.o", "good.o"])
            #expect(results.objects.map { $0.failure?.code } == [.notCompiled, .notAnObject, nil])
            #expect(results.cells.map(\.verdict) == [.object, .object, .object, .object, .accepted, .accepted])
            let cell = try #require(results.cells.first)
            #expect(cell.program == "*" && cell.kernel == "5.10" && cell.sourceLine == "no; @ broken.c:3")
            #expect(cell.explanation?.code == .notCompiled && cell.explanation?.kind == .object)
            #expect(cell.explanation?.cure == "mend it; all that the compiler printed: /cache/output.txt")
            #expect(results.summary.cells == 6 && results.summary.failed == 4)
            #expect(results.summary.exitStatus == ExitStatus.notAsExpected)
            let data = try JSONEncoder().encode(results)
            #expect(try JSONDecoder().decode(MatrixResults.self, from: data) == results)
        }
    }

    @Test("a check predicts that none of them will load")
    func check() async throws {
        try await withScratchFolder { folder in
            let inputs = try inputs(in: folder)
            let kernels = ["5.10", "6.1"].map {
                CheckKernel(spec: $0, version: $0, release: "", digest: "", source: "", isSurveyed: true)
            }
            let cells = kernels.map { kernel in
                CheckCell(
                    object: "good.o",
                    program: "p",
                    kernel: kernel.spec,
                    prediction: .fits,
                    reasons: [],
                    unknowns: [],
                    attachment: []
                )
            }
            let results = inputs.complete(
                CheckResults(
                    tool: ToolVersion.current,
                    objects: inputs.objects.map(\.described),
                    kernels: kernels,
                    cells: cells,
                    seconds: 1
                )
            )
            #expect(
                results.cells.map(\.object) == [
                    "broken.bpf.o", "words.o", "good.o", "broken.bpf.o", "words.o", "good.o",
                ]
            )
            #expect(results.count(.willFail) == 4 && results.count(.fits) == 2)
            #expect(results.cells[0].reasons.map(\.code) == ["not-compiled"])
            #expect(results.cells[0].reasons[0].place?.line == 3)
            #expect(results.exitStatus == ExitStatus.notAsExpected)
        }
    }

    @Test("a run that goes on tells of them as soon as there is a matrix")
    func events() async throws {
        try await withScratchFolder { folder in
            let inputs = try inputs(in: folder)
            let kernels = results(inputs, kernels: ["5.10", "6.1"]).kernels
            let events = inputs.events(for: .began(objects: [], kernels: kernels))
            guard case .began(let objects, _)? = events.first else {
                Issue.record("\(events)")
                return
            }
            #expect(objects.count == 3 && events.count == 5)
            #expect(inputs.events(for: .note("x")) == [.note("x")])
        }
    }

    @Test("of the same bytes twice only the first is tested; names of all inputs differ")
    func names() async throws {
        try await withScratchFolder { folder in
            for name in ["a", "b"] {
                let place = folder.appending(name)
                try FileManager.default.createDirectory(atPath: place.string, withIntermediateDirectories: true)
                try place.appending("x.o").write(InputReaderTests.object)
                try place.appending("w.o").write("words")
            }
            let paths = ["a/x.o", "a/w.o", "b/x.o", "b/w.o"].map { folder.pushing(FilePath($0)) }
            let inputs = RunInputs(paths.flatMap { InputReader.read($0) })
            #expect(inputs.objects.map(\.name) == ["x.o"])
            #expect(inputs.failed.map(\.name) == ["a/w.o", "b/w.o"])
            #expect(inputs.notes.count == 1 && inputs.notes[0].contains("has the same bytes as x.o"))
        }
    }
}
