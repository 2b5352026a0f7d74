// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import SystemPackage

/// Where BPF programs' headers are found.
enum IncludePath {
    private static let limit = Duration.seconds(60)

    /// The folder above `bpf/bpf_helpers.h`: the user's choice, the libbpf that set-up built, or the machine's. nil
    /// where there is none.
    static func libbpf(environment: [String: String]) -> FilePath? {
        let home = FilePath(environment["HOME"] ?? NSHomeDirectory())
        let cache =
            environment["XDG_CACHE_HOME"].flatMap { FilePath($0).isAbsolute ? FilePath($0) : nil }
            ?? home.appending(".cache")
        let built = environment["BPFMATRIX_DEPS"].map { FilePath($0) } ?? cache.appending("bpfmatrix-deps")
        let builds = (try? FileManager.default.contentsOfDirectory(atPath: built.string)) ?? []
        let candidates =
            [environment["BPFMATRIX_LIBBPF_INCLUDE"].map { FilePath($0) }].compactMap { $0 }
            + builds.filter { $0.hasPrefix("libbpf-") }.sorted().reversed().map {
                built.appending($0).appending("include")
            }
            + [FilePath("/usr/local/include"), FilePath("/usr/include")]
        return candidates.first {
            FileManager.default.fileExists(atPath: $0.appending("bpf").appending("bpf_helpers.h").string)
        }
    }

    /// The host compiler's own system folders. clang leaves them out for BPF, and sources that include `<linux/bpf.h>`
    /// need `asm/types.h` from among them; they come after all others.
    static func system() async throws -> [FilePath] {
        let usual = ["/usr/include/x86_64-linux-gnu", "/usr/include/aarch64-linux-gnu", "/usr/include"]
            .filter { FileManager.default.fileExists(atPath: $0) }
            .map { FilePath($0) }
        guard let compiler = Command.find("cc") ?? Command.find("gcc") else { return usual }
        // Its answer is on standard error, between two lines of its own.
        let answer = try await Command(
            compiler.string,
            ["-E", "-v", "-x", "c", "/dev/null"],
            environment: ["LC_ALL": "C"]
        )
        .run(within: limit)
        let lines = answer.errorText.split(separator: "\n")
        guard let start = lines.firstIndex(where: { $0.hasPrefix("#include <...>") }),
            let end = lines[start...].firstIndex(where: { $0.hasPrefix("End of search list") })
        else { return usual }
        return lines[(start + 1)..<end].map { FilePath($0.trimmingCharacters(in: .whitespaces)) }
    }
}
