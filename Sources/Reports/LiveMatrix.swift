// SPDX-License-Identifier: Apache-2.0

import Results

/// A run on a terminal, as far as it has come: lines to be drawn over those that were drawn before.
public struct LiveMatrix: Sendable {
    private let style: TextStyle
    private var objects: [TestedObject] = []
    private var kernels: [TestedKernel] = []
    private var cells: [Cell] = []
    private var states: [String: String] = [:]
    private var working: (text: String, fraction: Double?)?

    public init(style: TextStyle) {
        self.style = style
    }

    /// Takes an event in. A line that is returned is to stay, above what is redrawn.
    public mutating func apply(_ event: RunEvent) -> String? {
        switch event {
        case .working(let text, let fraction): working = (text, fraction)
        case .note(let text):
            return "note: \(text)".printableLines.map { style.paint($0, .faint) }.joined(separator: "\n")
        case .began(let objects, let kernels):
            self.objects = objects
            self.kernels = kernels
            working = nil
        case .booting(let kernel, let isToBeSaved):
            states[kernel] = isToBeSaved ? "booting, once for all later runs" : "booting"
        case .started(let kernel, let seconds, _): states[kernel] = "up after \(Seconds.fine(seconds)) s"
        case .cells(let more):
            cells += more
            for cell in more where cell.isCached { states[cell.kernel] = states[cell.kernel] ?? "cached" }
        case .witness(let statement):
            states[statement.kernel] = "\(statement.loaderName.printable): \(statement.object.printable)"
        case .kernelFailed(let kernel, _): states[kernel] = "given up"
        }
        return nil
    }

    /// What is on the screen now: the matrix where it fits, otherwise a line for each kernel. No line is longer than
    /// `width` characters, so that each takes one row.
    public func lines(width: Int, height: Int) -> [String] {
        guard !kernels.isEmpty else { return working.map { [workingLine($0, width: width)] } ?? [] }
        let plain = TextStyle(isUnicode: style.isUnicode, isColoured: false)
        let table = MatrixTable(objects: objects, kernels: kernels, cells: cells, style: plain).lines
        let fits = table.count + kernels.count < height && table.allSatisfy { $0.count < width }
        guard fits else { return progress(width: width) }
        return MatrixTable(objects: objects, kernels: kernels, cells: cells, style: style).lines
            + progress(width: width)
    }

    private func progress(width: Int) -> [String] {
        let total = objects.map(\.rows.count).reduce(0, +)
        return kernels.map { kernel in
            let done = cells.count { $0.kernel == kernel.spec }
            let state = states[kernel.spec] ?? "waiting"
            return cut(
                "\(kernels.heading(of: kernel.spec).printable.padded(to: 12))\("\(done)/\(total)".padded(to: 10))\(state)",
                to: width
            )
        }
    }

    private func workingLine(_ working: (text: String, fraction: Double?), width: Int) -> String {
        let share = working.fraction.map { " \(Int((min(max($0, 0), 1)) * 100)) %" } ?? ""
        return cut(working.text + share, to: width)
    }

    private func cut(_ line: String, to width: Int) -> String {
        String(line.printable.prefix(max(0, width - 1)))
    }
}
