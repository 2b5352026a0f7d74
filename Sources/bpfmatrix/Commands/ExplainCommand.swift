// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Reports
import Results
import SystemPackage
import VerifierLog

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Why kernels refused a program: the line of C, what the registers held, the way there, what to do.",
        discussion: """
            RESULTS is what `test --json` wrote; - reads it from standard input. WHICH narrows it down: a program, an object, \
            an object and a program, and, last, a kernel as the results name it (6.1, 6.1.192, its release). Without, every \
            program that was refused is explained, each reason once.

            With --log-file no results are needed: a verifier log from anywhere (a journal, an issue, libbpf's or bpftool's \
            output) is explained as far as it goes by itself.

              bpfmatrix explain results.json
              bpfmatrix explain results.json biosnoop 5.10
              journalctl -u my-agent | bpfmatrix explain --log-file -
            """
    )

    @Argument(help: ArgumentHelp("Results, and which of them.", valueName: "results> [<which"))
    var words: [String] = []

    @Option(help: ArgumentHelp("Explain a verifier log instead; - is standard input.", valueName: "file"))
    var logFile: String?

    @Flag(help: "Print the kernel's whole log as it is, instead of explaining it.")
    var log = false

    @Option(
        help: ArgumentHelp(
            "With --log: where `test --logs` has written whole logs. (default: the store, where this machine ran the test)",
            valueName: "folder"
        )
    )
    var logs: String?

    @Flag(help: "As JSON (docs/results.md).")
    var json = false

    func validate() throws {
        if logFile != nil {
            if !words.isEmpty {
                throw ValidationError("--log-file needs no results: leave out \(words.joined(separator: " "))")
            }
            if log { throw ValidationError("--log prints the log of a result; with --log-file it is at hand already") }
        } else if words.isEmpty {
            throw ValidationError("name the results that `test --json` wrote, or a log with --log-file")
        }
        if logs != nil && !log { throw ValidationError("--logs goes with --log") }
        if log && json { throw ValidationError("--log and --json exclude each other") }
    }

    func run() throws {
        if let logFile { return try LogExplanation(of: logFile).print(asJSON: json) }
        guard let path = words.first else { return }
        try ResultsExplanation(of: path, Array(words.dropFirst())).print(form)
    }

    private var form: ResultsExplanation.Form {
        if log { return .log(WholeLogs(folder: logs.map { FilePath($0) })) }
        return json ? .json : .text
    }
}
