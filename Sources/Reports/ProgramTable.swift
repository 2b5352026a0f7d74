// SPDX-License-Identifier: Apache-2.0

import Results

/// Programs down, kernels across, one word in each cell: how every matrix is drawn, whatever is in it.
struct ProgramTable {
    /// What stands in a cell.
    struct Word: Hashable {
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
    /// Whether every program has a row of its own, however many there are.
    var isWhole = false
    /// What stands behind an object's name.
    var remark: (TestedObject) -> String = { _ in "" }

    /// A program, or several that have the same word in every column.
    private struct Row {
        let title: String
        let type: String
        let words: [Word]
    }

    /// What people are told a program by.
    private func title(_ program: TestedProgram) -> String {
        program == .wholeObject ? "(the whole object)" : program.name.printable
    }

    /// - Parameter word: nil where nothing is known yet.
    func lines(_ word: (TestedObject, TestedProgram, Column) -> Word?) -> [String] {
        let pending = Word(text: style.pending, paint: .faint)
        let blocks = objects.map { object in
            let rows = object.rows.map { program in
                Row(
                    title: title(program),
                    type: program.type,
                    words: columns.map { word(object, program, $0) ?? pending }
                )
            }
            return (object, isWhole ? rows : folded(rows))
        }
        let rows = blocks.flatMap(\.1)
        let nameWidth = max(rows.map(\.title.count).max() ?? 0, Self.leastNameWidth)
        let typeWidth = rows.map(\.type.count).max() ?? 0
        let margin = String(repeating: " ", count: 2 + nameWidth + Self.gap.count + typeWidth)
        let headings = columns.map { Self.gap + style.paint(centred($0.heading, in: $0), .strong) }
        var lines = [(margin + headings.joined()).withoutTrailingBlanks]
        for (object, rows) in blocks {
            lines.append(style.paint(object.name.printable, .strong) + remark(object))
            for row in rows {
                let cells = zip(columns, row.words).map { column, word in
                    Self.gap + style.paint(centred(word.text, in: column), word.paint)
                }
                let type = style.paint(row.type.padded(to: typeWidth), .faint)
                lines.append(
                    "  \(row.title.padded(to: nameWidth))\(Self.gap)\(type)\(cells.joined())".withoutTrailingBlanks
                )
            }
        }
        return lines
    }

    private func centred(_ text: String, in column: Column) -> String {
        let room = max(0, max(column.widest, column.heading.count) - text.count)
        return String(repeating: " ", count: room / 2) + text + String(repeating: " ", count: room - room / 2)
    }
}

// MARK: Objects with very many programs

extension ProgramTable {
    /// An object with more programs than this takes more than a screen.
    private static let mostRows = 60
    /// So many programs that have the same words stay apart, so that they can be seen by name.
    private static let mostAlike = 8

    /// Of an object with very many programs, those that have the same words in one row, below the others.
    private func folded(_ rows: [Row]) -> [Row] {
        guard rows.count > Self.mostRows else { return rows }
        let folded = folded(rows, mostAlike: Self.mostAlike)
        return folded.count > Self.mostRows ? self.folded(rows, mostAlike: 1) : folded
    }

    private func folded(_ rows: [Row], mostAlike: Int) -> [Row] {
        var order: [[Word]] = []
        var alike: [[Word]: [Row]] = [:]
        for row in rows {
            if alike[row.words] == nil { order.append(row.words) }
            alike[row.words, default: []].append(row)
        }
        let own = rows.filter { (alike[$0.words]?.count ?? 0) <= mostAlike }
        return own
            + order.compactMap { words in
                guard let rows = alike[words], rows.count > mostAlike, let first = rows.first else { return nil }
                let isOneType = rows.allSatisfy { $0.type == first.type }
                return Row(title: "\(rows.count) programs", type: isOneType ? first.type : "", words: words)
            }
    }
}
