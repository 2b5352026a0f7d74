// SPDX-License-Identifier: Apache-2.0

import BPFObject
import Results
import SystemPackage

/// The inputs of a run, those that failed among them, in the order in which the user named them.
public struct RunInputs: Sendable {
    fileprivate enum Entry: Sendable, NamedInput {
        case object(TestObject)
        case failed(FailedInput)

        private var input: any NamedInput {
            switch self {
            case .object(let object): object
            case .failed(let failed): failed
            }
        }

        /// nil for what failed.
        var object: TestObject? {
            guard case .object(let object) = self else { return nil }
            return object
        }

        var name: String { input.name }
        var path: String { input.path }

        func renamed(_ name: String) -> Entry {
            switch self {
            case .object(let object): .object(object.renamed(name))
            case .failed(let failed): .failed(failed.renamed(name))
            }
        }
    }

    private let entries: [Entry]
    /// What the user should know of inputs that are not tested by themselves.
    public let notes: [String]

    /// Of objects with the same bytes only the first is kept.
    public init(_ inputs: [ReadInput]) {
        var notes: [String] = []
        var entries: [Entry] = []
        for input in inputs {
            switch input {
            case .object(let object): entries.append(.object(object))
            case .failed(let failed): entries.append(.failed(failed))
            case .empty(let note): notes.append(note)
            }
        }
        let same = InputReader.different(entries.compactMap(\.object)).same
        for (object, first) in same {
            notes.append("\(object.path): \(object.name) has the same bytes as \(first.name)")
        }
        let left = entries.filter { entry in
            !same.contains { $0.object.path == entry.path && $0.object.name == entry.name && entry.object != nil }
        }
        self.entries = InputReader.unambiguous(left)
        self.notes = notes
    }

    public var objects: [TestObject] { entries.compactMap(\.object) }

    public var failed: [FailedInput] {
        entries.compactMap { entry in
            guard case .failed(let failed) = entry else { return nil }
            return failed
        }
    }

    /// Objects and failures as results list them.
    private var described: [TestedObject] {
        entries.map { entry in
            switch entry {
            case .object(let object): object.described
            case .failed(let failed): failed.described
            }
        }
    }

    // MARK: What failed, in results

    /// Results of the objects, with a row for each input that failed.
    public func complete(_ results: MatrixResults) -> MatrixResults {
        guard !failed.isEmpty else { return results }
        var results = results
        results.objects = described
        results.cells = rows(results.cells, object: \.object) { failed in
            results.kernels.map { failed.cell(on: $0.spec) }
        }
        results.summary = Summary(
            cells: results.cells,
            witnesses: results.bpftool,
            seconds: results.summary.seconds
        )
        return results
    }

    public func complete(_ results: CheckResults) -> CheckResults {
        guard !failed.isEmpty else { return results }
        var results = results
        results.objects = described
        // A check's cells stand kernel by kernel.
        let cells = Dictionary(grouping: results.cells, by: \.kernel)
        results.cells = results.kernels.flatMap { kernel in
            rows(cells[kernel.spec] ?? [], object: \.object) { [$0.checkCell(on: kernel.spec)] }
        }
        return results
    }

    /// Results of a run that tests nothing, since all inputs failed.
    public func untested(on kernels: [SelectedKernel]) -> MatrixResults {
        complete(
            MatrixResults(
                tool: ToolVersion.current,
                loader: Version(name: "libbpf", version: ""),
                witness: nil,
                objects: [],
                kernels: kernels.map { selected in
                    TestedKernel(
                        spec: selected.spec,
                        version: selected.kernel?.version ?? selected.spec,
                        release: selected.kernel?.release ?? "",
                        digest: selected.kernel?.digest ?? "",
                        source: selected.kernel?.source ?? "",
                        accelerator: "none"
                    )
                },
                cells: [],
                bpftool: [],
                summary: Summary(cells: [], witnesses: [], seconds: 0)
            )
        )
    }

    /// What is to be told of a run as it goes on: of what failed, as soon as there is a matrix.
    public func events(for event: RunEvent) -> [RunEvent] {
        guard case .began(_, let kernels) = event, !failed.isEmpty else { return [event] }
        return [.began(objects: described, kernels: kernels)]
            + failed.flatMap { failed in kernels.map { .cells([failed.cell(on: $0.spec)]) } }
    }

    /// Cells in the order of the inputs.
    private func rows<Cell>(
        _ cells: [Cell],
        object: (Cell) -> String,
        failed: (FailedInput) -> [Cell]
    ) -> [Cell] {
        let known = Dictionary(grouping: cells, by: object)
        return entries.flatMap { entry in
            switch entry {
            case .object(let object): known[object.name] ?? []
            case .failed(let input): failed(input)
            }
        }
    }
}
