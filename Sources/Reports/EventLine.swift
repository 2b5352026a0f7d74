// SPDX-License-Identifier: Apache-2.0

import Results

/// A run where nothing can be redrawn: a line for each event.
public struct EventLines: Sendable {
    private let style: TextStyle
    private var versions: [String: String] = [:]
    private var working = ""

    public init(style: TextStyle) {
        self.style = style
    }

    /// The line for an event; nil where it says nothing new.
    public mutating func line(for event: RunEvent) -> String? {
        text(event)?.split(separator: "\n", omittingEmptySubsequences: false).map { String($0).printable }
            .joined(separator: "\n")
    }

    private mutating func text(_ event: RunEvent) -> String? {
        switch event {
        case .working(let text, _):
            // How far a download has come is for a terminal; that it began is for a log too.
            defer { working = text }
            return text == working ? nil : text
        case .note(let text): return "note: \(text)"
        case .began(let objects, let kernels):
            for kernel in kernels { versions[kernel.spec] = kernels.heading(of: kernel.spec) }
            let programs = objects.map(\.rows.count).reduce(0, +)
            return "asking \(kernels.count) kernels about \(objects.count) objects, \(programs) programs"
        case .booting(let kernel, let isToBeSaved):
            return "\(name(kernel)): booting" + (isToBeSaved ? ", once for all later runs" : "")
        case .started(let kernel, let seconds, let isRestored):
            return "\(name(kernel)): \(isRestored ? "restored" : "booted") in \(Seconds.fine(seconds)) s"
        case .cell(let cell):
            let program = cell.program == "*" ? "" : " \(cell.program)"
            let reason = cell.message.map { ": \($0)" } ?? ""
            let code = cell.explanation.map { " [\($0.code.rawValue)]" } ?? ""
            let place = cell.explanation?.place?.name.map { " \($0)" } ?? ""
            let verdict = style.text(cell)
            return "\(name(cell.kernel)): \(cell.object)\(program) \(verdict)\(code)\(place)\(reason)"
        case .witness(let statement):
            if let disagreement = statement.disagreement {
                return
                    "\(name(statement.kernel)): \(statement.object) \(statement.loaderName.printable) disagrees: \(disagreement)"
            }
            let verdict = style.text(statement.verdict, isCached: statement.isCached)
            return "\(name(statement.kernel)): \(statement.object) by \(statement.loaderName.printable) \(verdict)"
        case .kernelFailed(let kernel, let reason): return "\(name(kernel)): given up: \(reason)"
        }
    }

    private func name(_ spec: String) -> String { versions[spec] ?? spec }
}
