// SPDX-License-Identifier: Apache-2.0

import Results

/// What a terminal, or whatever stands in its place, can show.
public struct TextStyle: Sendable, Hashable {
    /// Signs beyond ASCII.
    public var isUnicode: Bool
    /// Colours: never the only bearer of a meaning.
    public var isColoured: Bool
    /// Columns that texts for people are broken to; nil where lines are as long as they are, as in a pipe.
    public var width: Int?

    public init(isUnicode: Bool, isColoured: Bool, width: Int? = nil) {
        self.isUnicode = isUnicode
        self.isColoured = isColoured
        self.width = width
    }

    enum Paint: String {
        case good = "32"
        case bad = "31"
        case doubtful = "33"
        case faint = "2"
        case strong = "1"
    }

    func paint(_ text: String, _ paint: Paint) -> String {
        isColoured ? "\u{1b}[\(paint.rawValue)m\(text)\u{1b}[0m" : text
    }

    var separator: String { isUnicode ? " · " : ", " }
    var ellipsis: String { isUnicode ? "…" : "..." }
    var arrow: String { isUnicode ? "→" : "->" }
    /// Before a number: so many times.
    var times: String { isUnicode ? "×" : "x" }
    var pending: String { isUnicode ? "·" : "." }

    /// Enough of a digest to tell objects apart; the JSON has the whole.
    func digest(_ sha256: String) -> String { "sha256 \(sha256.prefix(12))\(ellipsis)" }

    /// A cell's few letters.
    func text(_ verdict: Verdict) -> String {
        let sign: String =
            switch verdict {
            case .accepted: isUnicode ? "✓" : "ok"
            case .crashed, .timeout: "!"
            case .infrastructure: "?"
            default: isUnicode ? "✗" : "x"
            }
        switch verdict {
        case .accepted: return sign
        case .infrastructure: return "\(sign) no verdict"
        default: return "\(sign) \(verdict.rawValue)"
        }
    }

    /// The same, and a word more where an earlier run was told it.
    func text(_ verdict: Verdict, isCached: Bool) -> String { text(verdict) + (isCached ? " cached" : "") }

    /// The same, and a word more where a green cell depends on what was set in the place of the program's loader.
    func text(_ cell: Cell) -> String {
        let isAssumed = cell.verdict == .accepted && cell.assumed != nil
        return text(cell.verdict, isCached: cell.isCached) + (isAssumed ? " assumed" : "")
    }

    func paint(of verdict: Verdict) -> Paint {
        switch verdict {
        case .accepted: .good
        case .crashed, .timeout, .infrastructure: .doubtful
        default: .bad
        }
    }
}
