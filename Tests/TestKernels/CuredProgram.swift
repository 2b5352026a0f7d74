// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage

/// A program of Tests/Cures: one or several of Tests/Causes that are refused, with the cure applied that they are refused with. A line
/// `// cures: null_add, null_read` before it names those; a line `// accepted on 6.1 6.12 7.2 7.3` says which kernels accept it, where
/// not all do.
public struct CuredProgram: Sendable, Hashable, CustomStringConvertible {
    /// `pointers.c`
    public let file: String
    public let name: String
    /// Names of programs in Tests/Causes.
    public let refused: [String]
    /// Lines of the kernel.
    public let accepted: Set<String>

    public var description: String { "\(file) \(name)" }

    /// The folder in the package.
    public static let folder = "Tests/Cures"

    private static let mark = "// cures: "
    private static let acceptance = "// accepted on "

    /// The sources, by name.
    public static func sources() throws -> [FilePath] { try CauseProgram.sources(in: folder) }

    public static func programs(in source: FilePath) throws -> [CuredProgram] {
        let file = source.lastComponent?.string ?? ""
        var programs: [CuredProgram] = []
        var refused: [String] = []
        var accepted = Set(CauseProgram.lines)
        for line in try String(contentsOfFile: source.string, encoding: .utf8).components(separatedBy: "\n") {
            if line.hasPrefix(mark) {
                refused += line.dropFirst(mark.count).components(separatedBy: ", ")
            } else if line.hasPrefix(acceptance) {
                accepted = Set(line.dropFirst(acceptance.count).split(separator: " ").map(String.init))
            } else if !refused.isEmpty, let name = CauseProgram.name(in: line) {
                programs.append(CuredProgram(file: file, name: name, refused: refused, accepted: accepted))
                refused = []
                accepted = Set(CauseProgram.lines)
            }
        }
        guard refused.isEmpty, !programs.isEmpty else {
            throw CauseProgram.BadSource(description: "\(file): what is cured has no program")
        }
        return programs
    }
}
