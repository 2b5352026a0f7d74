// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import SystemPackage

/// A clang that can compile for BPF.
public struct Clang: Sendable, Hashable {
    public let path: FilePath
    /// `clang version 21.0.0 (…)`, whole.
    public let fullVersion: String
    /// `llvm-objcopy` of the same toolchain, or another that is there; nil where there is none. GNU's does not know BPF.
    let objcopy: FilePath?
    let abilities: Abilities

    /// In what compilers differ, as a trial shows; versions tell little, since vendors change their clang.
    struct Abilities: Sendable, Hashable {
        /// Apple's and Swift's clang move cold code into functions of their own, `….cold.1`, which libbpf refuses: it is
        /// static. They alone know the flag that turns that off.
        var splitsColdCode: Bool
        /// Atomic operations are compiled by their memory order (LLVM 20).
        var ordersAtomics: Bool
    }

    /// `clang 21`
    public var name: String {
        let number = fullVersion.firstMatch(of: #/version (\d+)/#).map { String($0.1) } ?? "?"
        return "clang \(number)"
    }

    private static let limit = Duration.seconds(60)

    /// `BPFMATRIX_CLANG`, or the first on PATH that has the BPF target: plain `clang`, then those with a version in
    /// their names, newest first.
    public static func locate(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) async throws -> Clang {
        var without: [String] = []
        for name in candidates(environment) {
            guard let path = Command.find(name, environment: environment) else { continue }
            let targets = try await Command(path.string, ["--print-targets"]).run(within: limit)
            guard targets.outputText.contains(#/(?m)^\s*bpf\s/#) else {
                without.append(path.string)
                continue
            }
            async let abilities = try abilities(of: path)
            let version = try await Command(path.string, ["--version"]).run(within: limit).outputText
            return Clang(
                path: path,
                fullVersion: version.split(separator: "\n").first.map(String.init) ?? "",
                objcopy: objcopy(beside: path, environment),
                abilities: try await abilities
            )
        }
        throw CompileError.noCompiler(found: without)
    }

    static let wholeColdCode = ["-Xclang", "-fno-split-cold-code"]

    private static func abilities(of clang: FilePath) async throws -> Abilities {
        let predefined = ["-target", "bpf", "-mcpu=v3", "-dM", "-E", "-x", "c", "/dev/null"]
        var trial = try await Command(clang.string, wholeColdCode + predefined).run(within: limit)
        let splits = trial.ending.isSuccess
        if !splits { trial = try await Command(clang.string, predefined).run(within: limit) }
        return Abilities(
            splitsColdCode: splits,
            ordersAtomics: trial.outputText.contains("__BPF_FEATURE_ATOMIC_MEM_ORDERING")
        )
    }

    private static func objcopy(beside clang: FilePath, _ environment: [String: String]) -> FilePath? {
        let real = FilePath(URL(filePath: clang.string).resolvingSymlinksInPath().path)
        let beside = real.removingLastComponent().appending("llvm-objcopy")
        return [beside.string, "llvm-objcopy"].lazy.compactMap { Command.find($0, environment: environment) }.first
    }

    private static func candidates(_ environment: [String: String]) -> [String] {
        if let chosen = environment["BPFMATRIX_CLANG"], !chosen.isEmpty { return [chosen] }
        let newestFirst = (10...40).reversed().map { "clang-\($0)" }
        return ["clang"] + newestFirst
    }
}
