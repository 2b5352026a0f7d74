// SPDX-License-Identifier: Apache-2.0

import Results

/// Programs down, kernels across: the matrix as lines of text, whole or as far as it has come.
struct MatrixTable {
    let objects: [TestedObject]
    let kernels: [TestedKernel]
    private let cells: [Place: Cell]
    private let style: TextStyle

    private struct Place: Hashable {
        let object: String
        let program: String
        let kernel: String
    }

    private static let gap = 3

    init(objects: [TestedObject], kernels: [TestedKernel], cells: some Sequence<Cell>, style: TextStyle) {
        self.kernels = kernels
        self.style = style
        var places: [Place: Cell] = [:]
        var wholes: Set<String> = []
        for cell in cells {
            places[Place(object: cell.object, program: cell.program, kernel: cell.kernel)] = cell
            if cell.program == Self.wholeObject { wholes.insert(cell.object) }
        }
        self.cells = places
        self.objects = objects.map { object in
            guard wholes.contains(object.name) else { return object }
            var whole = object
            whole.programs = [TestedProgram(name: Self.wholeObject, section: "", type: "")]
            return whole
        }
    }

    /// `Cell.program` of a verdict on an object as a whole.
    private static let wholeObject = "*"

    var lines: [String] {
        let names = objects.flatMap(\.programs).map { Self.title($0).count }
        let types = objects.flatMap(\.programs).map(\.type.count)
        let nameWidth = max(names.max() ?? 0, 16)
        let typeWidth = types.max() ?? 0
        let widths = kernels.map(width)
        let margin = String(repeating: " ", count: 2 + nameWidth + Self.gap + typeWidth)
        let heading = zip(kernels, widths).map { kernel, width in
            Self.gapped(style.paint(Self.centred(kernels.heading(of: kernel.spec).printable, in: width), .strong))
        }
        var lines = [(margin + heading.joined()).withoutTrailingBlanks]
        for object in objects {
            let digest =
                objects.count > ObjectsLine.mostDigests ? "   " + style.paint(style.digest(object.sha256), .faint) : ""
            lines.append(style.paint(object.name.printable, .strong) + digest)
            for program in object.programs {
                let name = Self.title(program).padded(to: nameWidth)
                let type = style.paint(program.type.padded(to: typeWidth), .faint)
                let cells = zip(kernels, widths).map { kernel, width in
                    Self.gapped(cell(object, program, kernel, width: width))
                }
                lines.append(
                    "  \(name)\(String(repeating: " ", count: Self.gap))\(type)\(cells.joined())".withoutTrailingBlanks
                )
            }
        }
        return lines
    }

    private static func title(_ program: TestedProgram) -> String {
        program.name == wholeObject ? "(the whole object)" : program.name.printable
    }

    private func cell(_ object: TestedObject, _ program: TestedProgram, _ kernel: TestedKernel, width: Int) -> String {
        let place = Place(object: object.name, program: program.name, kernel: kernel.spec)
        guard let cell = cells[place] else { return style.paint(Self.centred(style.pending, in: width), .faint) }
        return style.paint(Self.centred(text(cell), in: width), style.paint(of: cell.verdict))
    }

    private func width(_ kernel: TestedKernel) -> Int {
        let widest = cells.values.filter { $0.kernel == kernel.spec }.map { text($0).count }.max() ?? 1
        return max(widest, kernels.heading(of: kernel.spec).count)
    }

    private func text(_ cell: Cell) -> String { style.text(cell.verdict, isCached: cell.isCached) }

    private static func gapped(_ text: String) -> String { String(repeating: " ", count: gap) + text }

    private static func centred(_ text: String, in width: Int) -> String {
        let room = max(0, width - text.count)
        return String(repeating: " ", count: room / 2) + text + String(repeating: " ", count: room - room / 2)
    }
}

extension String {
    var withoutTrailingBlanks: String {
        guard let last = lastIndex(where: { $0 != " " }) else { return "" }
        return String(self[...last])
    }

    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
