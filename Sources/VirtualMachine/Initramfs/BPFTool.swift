// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import SystemPackage

/// The host's own bpftool: the second witness in guests, and the writer of `vmlinux.h`.
public struct BPFTool: Sendable, Hashable {
    public let path: FilePath
    /// The shared libraries and the dynamic loader that it needs, as absolute paths.
    public let libraries: [FilePath]
    /// `v7.1.0`, and the libbpf that it uses: `libbpf v1.1`.
    public let version: String

    /// Finds it; nil where none is installed or none runs.
    ///
    /// Ubuntu's `bpftool` is a script that looks for the one of the running kernel; any of those it may find will do.
    public static func locate() async throws -> BPFTool? {
        for path in candidates() {
            // At once: together they take as long as restoring half a guest.
            async let libraries = libraries(of: path)
            let answer = try await Command(path.string, ["version"]).run(within: .seconds(20))
            guard answer.ending.isSuccess else { continue }
            return BPFTool(path: path, libraries: try await libraries, version: version(answer.outputText))
        }
        return nil
    }

    /// From `/usr/sbin/bpftool v7.1.0` and, on the next line, `using libbpf v1.1`.
    static func version(_ text: String) -> String {
        text.split(separator: "\n").prefix(2)
            .compactMap { line in line.split(separator: " ").last.map(String.init) }
            .enumerated().map { $0 == 0 ? $1 : "libbpf \($1)" }
            .joined(separator: ", ")
    }

    private static func candidates() -> [FilePath] {
        let installed = Command.find("bpftool").map { [$0] } ?? []
        let folder = "/usr/lib"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let kernelTools = names.filter { $0.hasPrefix("linux-tools") }.sorted().reversed().flatMap { name in
            let tools = FilePath(folder).appending(name)
            let inside = (try? FileManager.default.contentsOfDirectory(atPath: tools.string)) ?? []
            return [tools.appending("bpftool")] + inside.sorted().map { tools.appending($0).appending("bpftool") }
        }
        return (installed + kernelTools).filter(isELF)
    }

    private static func isELF(_ path: FilePath) -> Bool {
        guard let file = FileHandle(forReadingAtPath: path.string) else { return false }
        defer { try? file.close() }
        return (try? file.read(upToCount: 4)) == Data([0x7f, 0x45, 0x4c, 0x46])
    }

    private static func libraries(of program: FilePath) async throws -> [FilePath] {
        let answer = try await Command("ldd", [program.string]).run(within: .seconds(20))
        // `libelf.so.1 => /lib/x86_64-linux-gnu/libelf.so.1 (0x…)`, and the loader without an arrow.
        let words = answer.outputText.split(separator: "\n").compactMap { line in
            line.split(separator: " ").map { $0.trimmingCharacters(in: .whitespaces) }.first { $0.hasPrefix("/") }
        }
        return words.map { FilePath($0) }
    }
}
