// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import SystemPackage

/// The files that a compiler consists of. A wrapper has none that are known: what it does beside calling a compiler, and on
/// what that depends, is its own affair, so that what it compiles is never taken from the cache.
struct OwnFiles: Sendable, Hashable {
    /// The program that compiles, links resolved.
    let compiler: FilePath
    /// The same with the libraries that it loads, and the program that takes DWARF out.
    let all: [FilePath]

    private static let limit = Duration.seconds(60)

    /// nil for a wrapper.
    init?(of clang: Clang, _ environment: [String: String]) async throws {
        let trial = ["-###", "-target", "bpf", "-c", "-x", "c", "/dev/null", "-o", "object"]
        let answer = try await Command(clang.path.string, trial, environment: environment).run(within: Self.limit)
        guard let compiler = DriverPlan(answer.errorText).compiler, Self.real(compiler) == Self.real(clang.path),
            let libraries = try await Self.libraries(of: compiler, environment)
        else { return nil }
        self.compiler = compiler
        all = ([Self.real(compiler)] + libraries + [clang.objcopy].compactMap { $0 })
    }

    /// As the loader of programs finds them; nil where it is not known.
    private static func libraries(of program: FilePath, _ environment: [String: String]) async throws -> [FilePath]? {
        guard Command.find("ldd") != nil else { return nil }
        let command = Command("ldd", [program.string], environment: environment.merging(["LC_ALL": "C"]) { $1 })
        let answer = try await command.run(within: limit)
        guard answer.ending.isSuccess else {
            return (answer.outputText + answer.errorText).contains("not a dynamic executable") ? [] : nil
        }
        return answer.outputText.matches(of: #/(?:=> |^\s*)(/\S+) \(0x/#.anchorsMatchLineEndings()).map {
            FilePath(String($0.1))
        }
    }

    private static func real(_ path: FilePath) -> FilePath {
        FilePath(URL(filePath: path.string).resolvingSymlinksInPath().path)
    }
}
