// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FileLock
import Foundation
import Matrix
import Results

@main
struct BPFMatrix: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bpfmatrix",
        abstract: "Which kernels load this eBPF program, which refuse it, and why.",
        discussion: """
            Compiles a program once, loads the same bytes in real kernels in virtual machines, and prints a matrix of \
            their verdicts. Needs neither root nor KVM.

              bpfmatrix kernels pull 5.10 6.1 6.12 latest
              bpfmatrix test src/bpf --kernels 5.10,6.1,6.12,latest

            Exit status: 0 every program was accepted everywhere, 1 some were not, 3 some have no verdict (a kernel could \
            not be had or booted) or something could not be written, 64 wrong usage, 130 interrupted.
            """,
        version: ToolVersion.current.version,
        subcommands: [
            TestCommand.self, CheckCommand.self, WatchCommand.self, ExplainCommand.self, InspectCommand.self,
            CompileCommand.self,
            VmlinuxCommand.self,
            KernelsCommand.self,
            ImagesCommand.self, DoctorCommand.self,
        ]
    )

    static func main() async {
        // A reader that goes away, of standard output or of a pipe with results, is met where it is written to.
        // A handler, as children would inherit that it is ignored.
        signal(SIGPIPE) { _ in }
        let status = await Interruption.during {
            do {
                var command = try parseAsRoot(CompilerArguments.separated(CommandLine.arguments.dropFirst()))
                if var asynchronous = command as? any AsyncParsableCommand {
                    let note: @Sendable (String) -> Void = { Terminal.standardError("note: \($0)\n") }
                    try await FileLock.withListener(note) { try await asynchronous.run() }
                } else {
                    try command.run()
                }
                return ExitStatus.asExpected
            } catch {
                return complain(about: error)
            }
        }
        Foundation.exit(Int32(lasting(status)))
    }

    /// The exit status of a command whose words did not all reach standard output: 1 and 64 say more than 3.
    private static func lasting(_ status: Int) -> Int {
        guard let failure = Terminal.outputFailure else { return status }
        Terminal.standardError("bpfmatrix: cannot write to standard output: \(failure)\n")
        return ExitStatus.afterLosingOutput(status)
    }

    /// Says what went wrong, the first line first, and what the command's exit status is then.
    private static func complain(about error: any Error) -> Int {
        switch error {
        case let status as ExitCode: return Int(status.rawValue)
        case is CancellationError: return ExitStatus.interrupted
        // What the parser has to say: help, a version, wrong usage.
        case _ where exitCode(for: error) != .failure:
            let code = exitCode(for: error)
            Terminal.write(fullMessage(for: error) + "\n", to: code == .success ? STDOUT_FILENO : STDERR_FILENO)
            return Int(code.rawValue)
        default:
            Terminal.standardError("bpfmatrix: \(error)\n")
            return error is any FindingAboutInput ? ExitStatus.notAsExpected : ExitStatus.noVerdict
        }
    }
}

/// Errors that say something about the programs under test, as opposed to the means of testing them.
protocol FindingAboutInput: Error {}
