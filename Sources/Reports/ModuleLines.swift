// SPDX-License-Identifier: Apache-2.0

import Results

/// The modules that objects need, a line for each object and set of modules.
struct ModuleLines {
    private struct Cell {
        let object: String
        let kernel: String
        let modules: [String]
    }

    private let title: String
    private let objects: [TestedObject]
    private let cells: [Cell]

    /// Those that kernels had loaded.
    init(_ results: MatrixResults) {
        title = "modules loaded, since the object needs what they have (--no-modules loads none):"
        objects = results.objects
        cells = results.cells.compactMap { cell in
            cell.modules.map {
                Cell(object: cell.object, kernel: results.kernels.heading(of: cell.kernel), modules: $0)
            }
        }
    }

    /// Those that predictions rely on.
    init(_ results: CheckResults) {
        title = "fits once these modules are loaded, as test does (--no-modules counts on none):"
        objects = results.objects
        cells = results.cells.compactMap { cell in
            guard cell.prediction != .willFail, let modules = cell.modules else { return nil }
            return Cell(object: cell.object, kernel: results.kernels.heading(of: cell.kernel), modules: modules)
        }
    }

    var lines: [String] {
        let lines = objects.flatMap { object in
            var order: [[String]] = []
            var kernels: [[String]: [String]] = [:]
            for cell in cells where cell.object == object.name {
                let (modules, kernel) = (cell.modules, cell.kernel)
                if kernels[modules] == nil { order.append(modules) }
                if kernels[modules]?.contains(kernel) != true { kernels[modules, default: []].append(kernel) }
            }
            return order.map { modules in
                let names = (kernels[modules] ?? []).joined(separator: ", ")
                return "  \(object.name): \(modules.joined(separator: ", ")) on \(names)".printable
            }
        }
        guard !lines.isEmpty else { return [] }
        return [title] + lines
    }
}
