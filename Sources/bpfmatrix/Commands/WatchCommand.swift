// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FileWatch
import Foundation
import KernelStore
import Matrix
import Reports
import Results

struct WatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Test again whenever a file changes, until q is pressed.",
        discussion: """
            Takes what `bpfmatrix test` takes. Sources that change are compiled, kernels are asked about what that made new, and \
            the matrix is drawn over the last one. What does not compile is a red row, with the compiler's output above the matrix. In a pipe, a matrix for each \
            change, until the command is interrupted.

              bpfmatrix watch src/bpf --kernels 5.10,6.1,6.12,7.2 --loader agent
            """
    )

    @OptionGroup var arguments: TestArguments

    func run() async throws {
        _ = try arguments.input.found
        let store = try KernelStore()
        let bench = try await RunDisplay(on: STDOUT_FILENO).show { report in
            var bench = try await arguments.bench(in: store, report: report)
            try await bench.settleAccelerator(report: report)
            return bench
        }
        let page = WatchPage(arguments.input.path, style: Terminal.style())
        let screen = Terminal.isTerminal(STDOUT_FILENO) ? WatchScreen(on: STDOUT_FILENO, page: page) : nil
        let isWhole = arguments.allPrograms
        let rounds = WatchRounds(arguments.input, bench: bench, page: page, screen: screen) { results in
            TerminalReport(results, style: Terminal.style(), isWhole: isWhole).text
        }
        let last = try await FileWatch.with { files in
            try await Keyboard.with { keys in
                await screen?.open()
                defer { screen?.close() }
                return try await rounds.run(watching: files, keys: keys)
            }
        }
        // The screen is gone, and its last page with it.
        if screen != nil { Terminal.standardOutput(last.map { $0 + "\n" }.joined()) }
    }
}
