// SPDX-License-Identifier: Apache-2.0

import Results

/// Programs down, kernels across: the matrix as lines of text, whole or as far as it has come.
struct MatrixTable {
    let objects: [TestedObject]
    let kernels: [TestedKernel]
    private let cells: [Place: Cell]
    private let style: TextStyle
    private let isWhole: Bool

    private struct Place: Hashable {
        let object: String
        let program: String
        let kernel: String
    }

    /// - Parameter isWhole: every program has a row of its own, however many there are.
    init(
        objects: [TestedObject],
        kernels: [TestedKernel],
        cells: some Sequence<Cell>,
        style: TextStyle,
        isWhole: Bool = false
    ) {
        self.kernels = kernels
        self.style = style
        self.isWhole = isWhole
        var places: [Place: Cell] = [:]
        var wholes: Set<String> = []
        for cell in cells {
            places[Place(object: cell.object, program: cell.program, kernel: cell.kernel)] = cell
            if cell.program == TestedProgram.wholeObject.name { wholes.insert(cell.object) }
        }
        self.cells = places
        self.objects = objects.map { object in
            guard wholes.contains(object.name) else { return object }
            var whole = object
            whole.programs = [.wholeObject]
            return whole
        }
    }

    var lines: [String] {
        let columns = kernels.map { kernel in
            let words = cells.values.filter { $0.kernel == kernel.spec }.map { text($0).count }
            return ProgramTable.Column(
                kernel: kernel.spec,
                heading: kernels.heading(of: kernel.spec).printable,
                widest: words.max() ?? 1
            )
        }
        let hasDigests = objects.count > ObjectsLine.mostDigests
        let table = ProgramTable(
            objects: objects,
            columns: columns,
            style: style,
            isWhole: isWhole,
            remark: { hasDigests && !$0.sha256.isEmpty ? "   " + style.paint(style.digest($0.sha256), .faint) : "" }
        )
        return table.lines { object, program, column in
            cells[Place(object: object.name, program: program.name, kernel: column.kernel)].map {
                ProgramTable.Word(text: text($0), paint: style.paint(of: $0.verdict))
            }
        }
    }

    private func text(_ cell: Cell) -> String { style.text(cell) }
}

extension String {
    var withoutTrailingBlanks: String {
        guard let last = lastIndex(where: { $0 != " " }) else { return "" }
        return String(self[...last])
    }

    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
