// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import ChildProcess
import Compiler
import Foundation
import KernelStore
import Matrix
import Platform
import Reports
import Results
import SystemPackage
import VirtualMachine

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "What this machine has, what it lacks, and the command that installs it.",
        discussion:
            "Exit status: 0 all that testing needs is there, 1 something is missing, 3 a kernel did not prove itself."
    )

    @Flag(help: "Boot each kernel in the store, and have it tell a good program from a bad one.")
    var deep = false

    @OptionGroup(title: "Guests") var guests: RunArguments

    func run() async throws {
        let store = try KernelStore()
        let checkup = Checkup(store: store)
        let findings = await checkup.findings()
        for finding in findings { Terminal.standardOutput(finding.text + "\n") }
        if deep { try await boot(try store.kernels().filter { $0.architecture == .host }, store: store) }
        if findings.contains(where: \.isMissing) { throw ExitCode(Int32(ExitStatus.notAsExpected)) }
    }

    private func boot(_ kernels: [Kernel], store: KernelStore) async throws {
        guard !kernels.isEmpty else { return }
        let supply = try await Installation.supply(of: store)
        var options = guests.options(loader: .both)
        // What is asked is whether they boot.
        options.isCold = true
        let settled = options
        let results = try await RunDisplay(on: STDOUT_FILENO).show { report in
            try await MatrixRun(
                objects: [try CanaryObject.acceptable()],
                kernels: kernels.map { .available(spec: $0.name, $0) },
                supply: supply,
                options: settled
            ).run(report: report)
        }
        Terminal.standardOutput("\n" + TerminalReport(results, style: Terminal.style()).text)
        guard results.summary.exitStatus == ExitStatus.asExpected else { throw ExitCode(Int32(ExitStatus.noVerdict)) }
    }
}
