// SPDX-License-Identifier: Apache-2.0

import Results

/// Programs down, kernels across, one word in each cell: how every matrix is drawn, whatever is in it.
struct ProgramTable {
    /// What stands in a cell.
    struct Word {
        let text: String
        let paint: TextStyle.Paint
    }

    /// A kernel's column.
    struct Column {
        /// `TestedKernel.spec`
        let kernel: String
        let heading: String
        /// The longest word in it, in characters.
        let widest: Int
    }

    private static let gap = String(repeating: " ", count: 3)
    private static let leastNameWidth = 16

    let objects: [TestedObject]
    let columns: [Column]
    let style: TextStyle
    /// What stands behind an object's name.
    var remark: (TestedObject) -> String = { _ in "" }

    /// What people are told a program by.
    private func title(_ program: TestedProgram) -> String {
        program == .wholeObject ? "(the whole object)" : program.name.printable
    }

    /// - Parameter word: nil where nothing is known yet.
    func lines(_ word: (TestedObject, TestedProgram, Column) -> Word?) -> [String] {
        let programs = objects.flatMap(\.rows)
        let nameWidth = max(programs.map { title($0).count }.max() ?? 0, Self.leastNameWidth)
        let typeWidth = programs.map(\.type.count).max() ?? 0
        let margin = String(repeating: " ", count: 2 + nameWidth + Self.gap.count + typeWidth)
        let headings = columns.map { Self.gap + style.paint(centred($0.heading, in: $0), .strong) }
        var lines = [(margin + headings.joined()).withoutTrailingBlanks]
        for object in objects {
            lines.append(style.paint(object.name.printable, .strong) + remark(object))
            for program in object.rows {
                let cells = columns.map { column in
                    let word = word(object, program, column) ?? Word(text: style.pending, paint: .faint)
                    return Self.gap + style.paint(centred(word.text, in: column), word.paint)
                }
                let type = style.paint(program.type.padded(to: typeWidth), .faint)
                let name = title(program).padded(to: nameWidth)
                lines.append("  \(name)\(Self.gap)\(type)\(cells.joined())".withoutTrailingBlanks)
            }
        }
        return lines
    }

    private func centred(_ text: String, in column: Column) -> String {
        let room = max(0, max(column.widest, column.heading.count) - text.count)
        return String(repeating: " ", count: room / 2) + text + String(repeating: " ", count: room - room / 2)
    }
}
