// SPDX-License-Identifier: Apache-2.0

import Results

/// The modules that kernels had loaded for objects, a line for each object and set of modules.
struct ModuleLines {
    private let results: MatrixResults

    init(_ results: MatrixResults) {
        self.results = results
    }

    var lines: [String] {
        let lines = results.objects.flatMap { object in
            var order: [[String]] = []
            var kernels: [[String]: [String]] = [:]
            for cell in results.cells where cell.object == object.name {
                guard let modules = cell.modules else { continue }
                if kernels[modules] == nil { order.append(modules) }
                let kernel = results.kernels.heading(of: cell.kernel)
                if kernels[modules]?.contains(kernel) != true { kernels[modules, default: []].append(kernel) }
            }
            return order.map { modules in
                let names = (kernels[modules] ?? []).joined(separator: ", ")
                return "  \(object.name): \(modules.joined(separator: ", ")) on \(names)".printable
            }
        }
        guard !lines.isEmpty else { return [] }
        return ["modules loaded, since the object needs what they have (--no-modules loads none):"] + lines
    }
}
