// SPDX-License-Identifier: Apache-2.0

extension TextStyle {
    /// Less is left to a text by no terminal that anybody reads one on.
    private static let leastWidth = 20

    /// The text, broken at blanks to what the width leaves beside `indent`; as it is where there is no width. A word that is
    /// longer stays whole: it may be a path.
    ///
    /// - Parameter text: without newlines; paint in it takes no room, and goes on in the next line.
    func wrapped(_ text: String, indent: Int) -> [String] {
        guard let width else { return [text] }
        let room = max(Self.leastWidth, width - indent)
        var lines: [String] = []
        var line = Line()
        var isFirst = true
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            defer { isFirst = false }
            let count = Self.columns(word)
            if !isFirst {
                if count > 0, line.columns > 0, line.columns + 1 + count > room {
                    lines.append(line.ended)
                    line = Line(paint: line.paint)
                } else {
                    line.text += " "
                    line.columns += 1
                }
            }
            line.append(word, columns: count)
        }
        return lines + [line.text]
    }

    /// A title and what belongs to it, four columns further in; broken to the width, if there is one.
    func entry(_ title: String, _ details: [String]) -> [String] {
        let indent = 4
        let margin = String(repeating: " ", count: indent)
        let titles = wrapped(title, indent: indent)
        let rest = titles.dropFirst() + details.flatMap { wrapped($0, indent: indent) }
        return titles.prefix(1) + rest.map { margin + $0 }
    }

    private struct Line {
        var text: String
        var columns = 0
        /// The paint that is on; empty where none is.
        private(set) var paint: String

        init(paint: String = "") {
            self.paint = paint
            text = paint
        }

        mutating func append(_ word: Substring, columns: Int) {
            text += word
            self.columns += columns
            guard let last = word.lastIndex(of: "\u{1b}") else { return }
            let sequence = word[last...].prefix { $0 != "m" }
            paint = sequence == "\u{1b}[0" ? "" : sequence + "m"
        }

        var ended: String {
            let bare = text.withoutTrailingBlanks
            return paint.isEmpty ? bare : bare + "\u{1b}[0m"
        }
    }

    private static func columns(_ word: Substring) -> Int {
        var count = 0
        var isPaint = false
        for character in word {
            if character == "\u{1b}" { isPaint = true }
            if !isPaint { count += 1 }
            if character == "m" { isPaint = false }
        }
        return count
    }
}
