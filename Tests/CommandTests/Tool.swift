// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import SystemPackage
import TestKernels

/// The command itself, as it was built for these tests.
enum Tool {
    /// Tests and command are built into one folder.
    static let path = FilePath(Bundle.main.bundlePath).appending("bpfmatrix")

    struct Outcome {
        let status: Int
        let output: String
        let errors: String
    }

    /// Tests ask nobody but the Debian archive, whatever this machine is configured for.
    private static let configuration: FilePath = {
        let path = FilePath(NSTemporaryDirectory()).appending("bpfmatrix-tests-\(getpid()).yaml")
        try? path.write("sources: [debian]\n")
        return path
    }()

    static func environment(_ additions: [String: String]) -> [String: String] {
        let usual = ["BPFMATRIX_GUEST": TestKernels.agent.string, "BPFMATRIX_CONFIG": configuration.string]
        return usual.merging(additions) { $1 }
    }

    static func run(
        _ arguments: [String],
        in folder: FilePath? = nil,
        environment additions: [String: String] = [:]
    ) async throws -> Outcome {
        var command = Command(path.string, arguments, environment: environment(additions))
        command.workingDirectory = folder
        return try await outcome(of: command)
    }

    /// The command in a script of bash's, which has it in `$bpfmatrix`.
    static func script(
        _ text: String,
        in folder: FilePath? = nil,
        environment additions: [String: String] = [:]
    ) async throws -> Outcome {
        let environment = environment(additions).merging(["bpfmatrix": path.string]) { $1 }
        var command = Command("bash", ["-c", text], environment: environment)
        command.workingDirectory = folder
        return try await outcome(of: command)
    }

    private static func outcome(of command: Command) async throws -> Outcome {
        let result = try await command.run(within: .seconds(300))
        guard case .exited(let status) = result.ending else {
            return Outcome(status: -1, output: result.outputText, errors: result.errorText)
        }
        return Outcome(status: status, output: result.outputText, errors: result.errorText)
    }
}
