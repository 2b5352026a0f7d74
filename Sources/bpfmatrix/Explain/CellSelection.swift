// SPDX-License-Identifier: Apache-2.0

import Reports
import Results

/// Which cells of results somebody means by a few words.
struct CellSelection {
    let cells: [Cell]
    /// `second on 6.1`: what was meant.
    let name: String

    enum Unknown: Error, Hashable, CustomStringConvertible {
        case program(String, there: [String])
        case kernel(String, there: [String])
        case tooManyWords([String])

        private static let mostNames = 24

        var description: String {
            switch self {
            case .program(let name, let there):
                "these results have no program or object '\(name)'; there are \(Self.list(there))"
            case .kernel(let name, let there):
                "these results have no kernel '\(name)'; there are \(Self.list(there))"
            case .tooManyWords(let words):
                "'\(words.joined(separator: " "))' is more than an object, a program and a kernel"
            }
        }

        private static func list(_ names: [String]) -> String {
            let rest = names.count - mostNames
            return names.prefix(mostNames).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
        }
    }

    /// - Parameter words: nothing, or a program, an object, or both, and then perhaps a kernel.
    init(_ words: [String], in results: MatrixResults) throws(Unknown) {
        var words = words.flatMap { $0.split(separator: " ").map(String.init) }
        guard words.count <= 3 else { throw .tooManyWords(words) }
        var kernels: Set<String>?
        if words.count > 1, let last = words.last {
            let found = Self.kernels(last, in: results)
            // Of two words the second may be an object's program.
            if !found.isEmpty {
                kernels = found
                words.removeLast()
            } else if words.count == 3 || !Self.isObject(words[0], with: last, in: results) {
                throw .kernel(last, there: results.kernels.map(Self.name))
            }
        } else if let only = words.first, Self.cells(words, in: results).isEmpty {
            // A kernel by itself: everything that it refused.
            let found = Self.kernels(only, in: results)
            if !found.isEmpty {
                kernels = found
                words = []
            }
        }
        let meant = Self.cells(words, in: results)
        guard !meant.isEmpty else {
            throw .program(words.joined(separator: " "), there: Self.names(of: results))
        }
        cells = meant.filter { kernels?.contains($0.kernel) ?? true }
        name =
            (words.isEmpty ? "every program" : words.joined(separator: " "))
            + (kernels.map { " on " + $0.sorted().joined(separator: ", ") } ?? " everywhere")
    }

    private static func cells(_ words: [String], in results: MatrixResults) -> [Cell] {
        switch words.count {
        case 0: results.cells
        case 1: results.cells.filter { $0.program == words[0] || isName(words[0], of: $0.object) }
        default: results.cells.filter { isName(words[0], of: $0.object) && $0.program == words[1] }
        }
    }

    private static func isObject(_ object: String, with program: String, in results: MatrixResults) -> Bool {
        !cells([object, program], in: results).isEmpty
    }

    /// `minimal.bpf.o` is also `minimal`.
    private static func isName(_ word: String, of object: String) -> Bool {
        object == word || [".bpf.o", ".o"].contains { object == word + $0 }
    }

    private static func kernels(_ word: String, in results: MatrixResults) -> Set<String> {
        Set(results.kernels.filter { [$0.spec, $0.version, $0.release].contains(word) }.map(\.spec))
    }

    private static func name(_ kernel: TestedKernel) -> String {
        kernel.spec == kernel.version ? kernel.spec : "\(kernel.spec) (\(kernel.version))"
    }

    private static func names(of results: MatrixResults) -> [String] {
        results.objects.flatMap { object in object.rows.map { "\(object.name) \($0.name)" } }
    }
}
