// SPDX-License-Identifier: Apache-2.0

import FileLock
import Foundation
import Reports
import Results

/// Where a run is drawn while it goes on.
protocol RunSurface: Sendable {
    /// A line that stays.
    func keep(_ line: String) async
    /// What is known now, in place of what was drawn before.
    func draw(_ lines: [String]) async
    /// Nothing more comes.
    func end() async
}

/// Shows a run while it goes on: redrawn on a terminal, a line for each event elsewhere.
struct RunDisplay {
    private let descriptor: Int32
    private let surface: any RunSurface
    private static let interval = Duration.milliseconds(100)

    private enum Occasion: Sendable {
        case event(RunEvent)
        case tick
    }

    /// - Parameters:
    ///   - descriptor: what is written to.
    ///   - surface: where it is drawn if that is a terminal; nil draws below what is there.
    init(on descriptor: Int32, surface: (any RunSurface)? = nil) {
        self.descriptor = descriptor
        self.surface = surface ?? BottomLines(descriptor: descriptor)
    }

    /// Runs `body` with somebody to report to, and shows what it reports. When it returns, what was to be redrawn is
    /// gone, and what was to stay stays.
    func show<Result: Sendable>(
        _ body: @Sendable (@escaping @Sendable (RunEvent) -> Void) async throws -> Result
    ) async throws -> Result {
        let (occasions, continuation) = AsyncStream.makeStream(of: Occasion.self)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            if Terminal.isTerminal(descriptor) { group.addTask { try await tick(continuation) } }
            async let shown: Void = draw(occasions)
            defer { group.cancelAll() }
            do {
                let note: @Sendable (String) -> Void = { continuation.yield(.event(.note($0))) }
                let result = try await FileLock.withListener(note) {
                    try await body { continuation.yield(.event($0)) }
                }
                continuation.finish()
                await shown
                return result
            } catch {
                continuation.finish()
                await shown
                throw error
            }
        }
    }

    /// So that what has changed is drawn soon, and no oftener than a reader can follow.
    private func tick(_ continuation: AsyncStream<Occasion>.Continuation) async throws {
        while true {
            try await Task.sleep(for: Self.interval)
            continuation.yield(.tick)
        }
    }

    private func draw(_ occasions: AsyncStream<Occasion>) async {
        let style = Terminal.style(of: descriptor)
        guard Terminal.isTerminal(descriptor) else {
            var lines = EventLines(style: style)
            for await case .event(let event) in occasions {
                if let line = lines.line(for: event) { Terminal.write(line + "\n", to: descriptor) }
            }
            return
        }
        var matrix = LiveMatrix(style: style)
        var hasChanged = false
        for await occasion in occasions {
            switch occasion {
            case .event(let event):
                if let line = matrix.apply(event) { await surface.keep(line) }
                hasChanged = true
            case .tick where hasChanged:
                let size = Terminal.size(of: descriptor)
                await surface.draw(matrix.lines(width: size.width, height: size.height))
                hasChanged = false
            case .tick: break
            }
        }
        await surface.end()
    }
}

/// Lines at the bottom of a terminal that are drawn over (ECMA-48: CUU, CR, ED).
private actor BottomLines: RunSurface {
    private let descriptor: Int32
    private var drawn: [String] = []

    init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    func draw(_ lines: [String]) {
        Terminal.write(erasure + lines.map { $0 + "\n" }.joined(), to: descriptor)
        drawn = lines
    }

    func keep(_ line: String) {
        Terminal.write(erasure + line + "\n" + drawn.map { $0 + "\n" }.joined(), to: descriptor)
    }

    func end() {
        draw([])
    }

    private var erasure: String { drawn.isEmpty ? "" : "\u{1b}[\(drawn.count)A\r\u{1b}[J" }
}
