// SPDX-License-Identifier: Apache-2.0

import Results

/// What a watched run has on the screen: what is watched, what is known, what can be pressed.
public struct WatchPage: Sendable {
    public enum State: Sendable, Hashable {
        case working
        /// From the change to the last verdict.
        case done(seconds: Double)
    }

    private let paths: [String]
    private let style: TextStyle

    /// - Parameter paths: what is watched, as the user named it.
    public init(_ paths: [String], style: TextStyle) {
        self.paths = paths
        self.style = style
    }

    /// At most `height` lines; what does not fit is counted.
    public func lines(_ content: [String], _ state: State, height: Int) -> [String] {
        let title = style.paint("watching \(paths.map(\.printable).joined(separator: " "))", .strong)
        let room = max(1, height - Self.frame)
        let shown =
            content.count <= room
            ? content
            : content.prefix(room - 1) + [
                style.paint("\(style.ellipsis) \(content.count - room + 1) lines more", .faint)
            ]
        return [title, ""] + shown + ["", style.paint(footer(state), .faint)]
    }

    /// Title, footer, and a blank line beside each.
    private static let frame = 4

    private func footer(_ state: State) -> String {
        let progress =
            switch state {
            case .working: "working"
            case .done(let seconds): "\(Seconds.fine(seconds)) s"
            }
        return [progress, "r asks the kernels again", "q quits"].joined(separator: style.separator)
    }

    /// Inputs that can't be tested, each with what is wrong with it.
    public func complaints(_ errors: [String]) -> [String] {
        errors.flatMap { error in
            let lines = error.printableLines
            return lines.prefix(1).map { style.paint("\(style.isUnicode ? "✗" : "x") \($0)", .bad) } + lines.dropFirst()
        }
    }
}
