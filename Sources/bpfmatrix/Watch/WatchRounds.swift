// SPDX-License-Identifier: Apache-2.0

import FileWatch
import Foundation
import Matrix
import Reports
import Results
import SystemPackage

/// One round of testing after the other: a change that comes while one goes on ends it, and begins the next.
actor WatchRounds {
    private let input: InputArguments
    private let bench: TestBench
    private let page: WatchPage
    /// nil where nothing can be drawn over.
    private let screen: WatchScreen?
    private var files: WatchedFiles
    /// What the last round has come to.
    private var last: [String] = []
    private let occasions: AsyncStream<Occasion>
    private let continuation: AsyncStream<Occasion>.Continuation

    /// Changes come in bursts: a round begins once there has been none for so long.
    private static let calm = Duration.milliseconds(30)

    private enum Occasion: Sendable {
        case changed
        case key(Character)
        case resized
        case ended
    }

    /// What a finished round looks like.
    private let report: @Sendable (MatrixResults) -> String

    init(
        _ input: InputArguments,
        bench: TestBench,
        page: WatchPage,
        screen: WatchScreen?,
        report: @escaping @Sendable (MatrixResults) -> String
    ) {
        self.report = report
        self.input = input
        self.bench = bench
        self.page = page
        self.screen = screen
        files = WatchedFiles(input.path, isRecursive: input.recursive)
        (occasions, continuation) = AsyncStream.makeStream(of: Occasion.self)
    }

    /// Tests, and tests again, until it is told to quit; returns what was on the screen then.
    func run(watching watch: FileWatch, keys: AsyncStream<Character>) async throws -> [String] {
        let resizes = Self.resizes(continuation)
        defer { resizes.cancel() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await event in watch.events {
                    for change in await watch.changes(event) where await self.concerns(change) {
                        self.continuation.yield(.changed)
                    }
                }
            }
            group.addTask { for await key in keys { self.continuation.yield(.key(key)) } }
            var isAskedAnew = false
            while let isNextAskedAnew = try await round(isAskedAnew, watch) { isAskedAnew = isNextAskedAnew }
            group.cancelAll()
        }
        return last
    }

    /// One round, and what ends it: whether the next one asks everything anew; nil where there is none.
    private func round(_ isAskedAnew: Bool, _ watch: FileWatch) async throws -> Bool? {
        let occasions = occasions
        return try await withThrowingTaskGroup(of: Occasion.self) { group in
            defer { group.cancelAll() }
            @Sendable func next() async -> Occasion {
                for await occasion in occasions { return occasion }
                return .key("q")
            }
            group.addTask {
                try await self.test(isAskedAnew, watch)
                return .ended
            }
            group.addTask { await next() }
            var isAtWork = true
            while let occasion = try await group.next() {
                switch occasion {
                case .ended:
                    isAtWork = false
                    continue
                case .changed: return false
                case .key("r"): return true
                case .key("q"): return nil
                case .resized where !isAtWork: await screen?.redraw()
                case .key, .resized: break
                }
                group.addTask { await next() }
            }
            // Only where everything is cancelled.
            return nil
        }
    }

    private func test(_ isAskedAnew: Bool, _ watch: FileWatch) async throws {
        try await Task.sleep(for: Self.calm)
        let start = ContinuousClock.now
        await screen?.begin()
        let lines: [String]
        do {
            lines = try await examine(isAskedAnew, watch)
        } catch {
            try Task.checkCancellation()
            lines = page.complaints(["\(error)"])
        }
        last = lines
        if let screen {
            await screen.finish(lines, seconds: (ContinuousClock.now - start) / .seconds(1))
        } else {
            Terminal.standardOutput(lines.map { $0 + "\n" }.joined())
        }
    }

    private func examine(_ isAskedAnew: Bool, _ watch: FileWatch) async throws -> [String] {
        // Before the files are read: what changes from now on is for the next round.
        let start = FileInstant.now
        await watchFolders(watch)
        let inputs = try input.found
        // A header that is new in any of these may stand before another one.
        let searched = bench.preparation.compilation.choices.flags.includeFolders.map { FilePath($0) }
        files.add(folders: inputs.folders + searched)
        await watchFolders(watch)
        let bench = bench
        let (prepared, results) = try await RunDisplay(on: STDOUT_FILENO, surface: screen).show { report in
            let prepared = try await bench.prepare(inputs, report: report)
            for note in await self.watch(prepared.files, watch, since: start) { report(.note(note)) }
            guard !prepared.objects.isEmpty else { return (prepared, MatrixResults?.none) }
            return (prepared, try await bench.test(prepared, isAskedAnew: isAskedAnew, report: report))
        }
        let text = results.map(report) ?? ""
        return page.complaints(prepared.failed.map(\.description))
            + text.split(separator: "\n", omittingEmptySubsequences: false)
            .dropLast().map(String.init)
    }

    /// Watches what a compiler has read, from before the kernels are asked, which may take long.
    ///
    /// - Returns: folders that can't be watched.
    private func watch(_ inputs: [FilePath], _ watch: FileWatch, since start: FileInstant) async -> [String] {
        files.add(inputs)
        let notes = await watchFolders(watch)
        // A file that was not watched yet may have been saved since it was read.
        // One from the future, after a clock was set back, would be so in every round.
        let now = FileInstant.now
        let settled = inputs.filter { input in FileInstant(ofChange: input).map { $0 <= now } ?? false }
        if settled.contains(where: start.mayPrecedeChange) { continuation.yield(.changed) }
        return notes
    }

    @discardableResult
    private func watchFolders(_ watch: FileWatch) async -> [String] {
        var notes: [String] = []
        for folder in files.existingFolders.sorted(by: { $0.string < $1.string }) {
            do throws(FileWatchError) {
                try await watch.watch(folder)
            } catch {
                notes.append("\(error): what changes there is not noticed")
            }
        }
        return notes
    }

    private func concerns(_ change: FileChange) -> Bool {
        switch change {
        case .changed(let path): files.concerns(path)
        case .overflow: true
        }
    }

    private static func resizes(_ continuation: AsyncStream<Occasion>.Continuation) -> any DispatchSourceSignal {
        let source = DispatchSource.makeSignalSource(signal: SIGWINCH, queue: .global())
        source.setEventHandler { continuation.yield(.resized) }
        source.resume()
        return source
    }
}
