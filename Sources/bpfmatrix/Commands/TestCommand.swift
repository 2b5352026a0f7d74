// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import KernelStore
import Matrix
import Reports
import Results
import SystemPackage

struct TestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Load programs in kernels and print the matrix of verdicts.",
        discussion: """
            PATH is C source, a BPF object, any ELF file with BPF objects inside (a libbpf skeleton, a Go or Rust binary), or a \
            folder of these; where a folder has *.bpf.c, its other .c are user space. An input that does not compile, or is no \
            object, is a red row, and the others go on. KERNELS are lines (6.1), versions (6.1.192), lts, latest, releases as uname -r says them, names \
            from `kernels add`; lvh:6.6 or debian:12 of a certain source; oci://host/repository:tag, file:PATH, tree:PATH. What the \
            store lacks is pulled; 5.15? goes without where no source has it. What a kernel has said of the same bytes before is not asked \
            again, and called cached.

              bpfmatrix test src/bpf --kernels 5.10,6.1,6.12,7.2 --json results.json
              bpfmatrix test /usr/sbin/opensnoop --kernels 6.1
            """
    )

    @OptionGroup var arguments: TestArguments

    @Option(help: ArgumentHelp("Write the results as JSON (docs/results.md); - is standard output.", valueName: "file"))
    var json: String?

    @Option(
        help: ArgumentHelp(
            "Write the whole log of every program that was refused into this folder, each as a file of its own.",
            valueName: "folder"
        )
    )
    var logs: String?

    func run() async throws {
        let inputs = try arguments.input.found
        let output: ResultsFile? = if let json { try await ResultsFile(json) } else { nil }
        let folder = logs.map { LogFolder(at: FilePath($0)) }
        try folder?.prepare()
        let store = try KernelStore()
        // With the JSON on standard output, whatever is for people goes elsewhere.
        let descriptor = output?.isStandardOutput == true ? STDERR_FILENO : STDOUT_FILENO
        let (results, failure) = try await RunDisplay(on: descriptor).show { report in
            let bench = try await arguments.bench(in: store, logs: folder, report: report)
            let prepared = try await bench.prepare(inputs, report: report)
            if prepared.objects.isEmpty, !prepared.failed.isEmpty {
                output?.write(try JSONReport.data(bench.testNothing(prepared)), status: ExitStatus.notAsExpected)
            }
            try prepared.requireObjects()
            return (try await bench.test(prepared, report: report), await bench.logs.failure)
        }
        Terminal.write(arguments.report(results, on: descriptor), to: descriptor)
        var status = results.summary.exitStatus
        if let output { status = output.write(try JSONReport.data(results), status: status) }
        if let failure {
            Terminal.standardError("bpfmatrix: \(failure)\n")
            status = ExitStatus.afterLosingOutput(status)
        }
        throw ExitCode(Int32(status))
    }
}
