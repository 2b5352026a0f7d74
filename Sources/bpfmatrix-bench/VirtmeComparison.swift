// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import KernelStore
import Matrix
import ScratchFolder
import SystemPackage

/// One object on one kernel, by this tool and by virtme-ng, each as a whole command and both emulated. virtme-ng boots the
/// kernel with this machine's own root file system over 9p and runs bpftool there.
struct VirtmeComparison {
    /// A bzImage that has 9p, with its modules in `/lib/modules`, where virtme-ng looks for them.
    let image: FilePath
    let tool: FilePath
    let agent: FilePath
    let object: TestObject

    private static let limit = Duration.seconds(300)

    struct Failure: Error, CustomStringConvertible {
        let what: String
        let output: String
        var description: String { "\(what) gave no verdict:\n\(output.suffix(2000))" }
    }

    func run(into results: inout BenchmarkResults) async throws {
        let scratch = ScratchFolders(
            in: FilePath(FileManager.default.temporaryDirectory.path(percentEncoded: false)),
            prefix: ".bpfmatrix-bench-"
        )
        try await scratch.with { folder in try await run(in: folder, into: &results) }
    }

    private func run(in folder: FilePath, into results: inout BenchmarkResults) async throws {
        let file = folder.appending("object.bpf.o")
        try Data(object.bytes).write(to: URL(filePath: file.string))
        let ours = try await oursMeasured(file, folder)
        let virtme = try await virtmeMeasured(file, folder)
        results.measurements += [ours, virtme]
        results.ratios.append(Ratio(virtme, over: ours, reach: "≥ 40"))
    }

    private func oursMeasured(_ file: FilePath, _ folder: FilePath) async throws -> Measurement {
        let root = folder.appending("store")
        let modules = FilePath("/lib/modules").appending(release)
        _ = try await KernelStore(root: root).add("rival", image: image, modules: modules, config: nil)
        let arguments = [
            "test", file.string, "--kernels", "rival", "--loader", "agent", "--accel", "tcg", "--no-cache",
        ]
        let environment = ["BPFMATRIX_STORE": root.string, "BPFMATRIX_GUEST": agent.string]
        return try await Measurement.take("bpfmatrix, one object, one kernel, the whole command") {
            try await seconds(Command(tool.string, arguments, environment: environment), mustSay: "1 of 1 accepted")
        }
    }

    private func virtmeMeasured(_ file: FilePath, _ folder: FilePath) async throws -> Measurement {
        let script = folder.appending("load.sh")
        let lines = [
            "#!/bin/sh", "mount -t bpf bpf /sys/fs/bpf",
            "bpftool prog loadall \(file) /sys/fs/bpf/programs && echo LOADED", "",
        ]
        try Data(lines.joined(separator: "\n").utf8).write(to: URL(filePath: script.string))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script.string)
        let arguments = [
            // Without udev in its root the script's output is only among the console's.
            "--verbose", "--disable-kvm", "--force-9p", "--run", image.string, "--user", "root", "--cpus", "1",
            "--memory", "1G", "--exec", script.string,
        ]
        return try await Measurement.take("virtme-ng, the same") {
            try await seconds(Command("vng", arguments), mustSay: "LOADED")
        }
    }

    /// `6.1.0-56-amd64` of `vmlinuz-6.1.0-56-amd64`.
    private var release: String {
        let name = image.lastComponent?.string ?? ""
        return String(name.trimmingPrefix("vmlinuz-"))
    }

    private func seconds(_ command: Command, mustSay words: String) async throws -> Double {
        let begin = ContinuousClock.now
        let result = try await command.run(within: Self.limit)
        let seconds = (ContinuousClock.now - begin) / .seconds(1)
        let output = result.outputText + result.errorText
        guard output.contains(words) else { throw Failure(what: command.text, output: output) }
        return seconds
    }
}
