// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage
import VerifierLog

/// A program of Tests/Causes, and what its own source says must become of it: a line `// expected: null-dereference`, or
/// `// expected: helper-unknown on 5.10, accepted on 6.1 6.12 7.2`, before it. What is expected of the newest line is what is
/// expected of the one before, unless the source names it.
public struct CauseProgram: Sendable, Hashable, CustomStringConvertible {
    /// `memory.c`
    public let file: String
    public let name: String
    /// The cause of the refusal on each line of the kernel; nil where it is accepted.
    public let expected: [String: CauseCode?]
    /// On which line, from 1, each line of the kernel refuses it: that with the comment `// refused here`, or
    /// `// refused here on 5.10 6.1`. Others do not tell a line.
    public let refusedLines: [String: Int]

    public var description: String { "\(file) \(name)" }

    /// The lines that the programs are put to: those of all tests, and the newest of the archive.
    public static let lines = TestKernels.lines + [newest]
    private static let newest = "7.3"

    /// The folder in the package.
    public static let folder = "Tests/Causes"

    public struct BadSource: Error, CustomStringConvertible {
        public let description: String
    }

    /// The sources, by name.
    public static func sources() throws -> [FilePath] { try sources(in: folder) }

    static func sources(in folder: String) throws -> [FilePath] {
        let folder = TestKernels.package.appending(folder)
        return try FileManager.default.contentsOfDirectory(atPath: folder.string)
            .filter { $0.hasSuffix(".c") }
            .sorted()
            .map { folder.appending($0) }
    }

    /// Every program that a source says something of.
    public static func programs(in source: FilePath) throws -> [CauseProgram] {
        let file = source.lastComponent?.string ?? ""
        let lines = try String(contentsOfFile: source.string, encoding: .utf8).components(separatedBy: "\n")
        var programs: [CauseProgram] = []
        var said: (text: String, line: Int)?
        for (index, line) in lines.enumerated() {
            if line.hasPrefix(Self.mark) {
                guard said == nil else { throw BadSource(description: "\(file):\(index + 1): no program before it") }
                said = (String(line.dropFirst(Self.mark.count)), index)
            } else if let text = said?.text, let name = Self.name(in: line) {
                let body = lines[index...].prefix { !$0.hasPrefix("}") && !$0.hasPrefix(Self.mark) }
                programs.append(
                    CauseProgram(
                        file: file,
                        name: name,
                        expected: try Self.expectations(text, at: "\(file):\((said?.line ?? 0) + 1)"),
                        refusedLines: Self.refusedLines(lines[index...body.endIndex])
                    )
                )
                said = nil
            }
        }
        guard said == nil, !programs.isEmpty else {
            throw BadSource(description: "\(file): expectations without a program")
        }
        return programs
    }

    private static let mark = "// expected: "

    static func name(in line: String) -> String? {
        if let match = line.firstMatch(of: #/^(?:int|size_t) BPF_(?:K?PROG|KPROBE)\((\w+)/#) { return String(match.1) }
        return line.firstMatch(of: #/^(?:naked |__attribute__\(\(naked\)\) )?int (\w+)\(/#).map { String($0.1) }
    }

    private static func refusedLines(_ lines: ArraySlice<String>) -> [String: Int] {
        var refused: [String: Int] = [:]
        for (index, line) in zip(lines.indices, lines) {
            guard let match = line.firstMatch(of: #/// refused here(?: on ([0-9. ]+))?$/#) else { continue }
            let told: [String] = match.1.map { $0.split(separator: " ").map { String($0) } } ?? Self.lines
            for kernel in told { refused[kernel] = index + 1 }
        }
        if refused[newest] == nil, let last = TestKernels.lines.last { refused[newest] = refused[last] }
        return refused
    }

    private static func expectations(_ text: String, at place: String) throws -> [String: CauseCode?] {
        var expected: [String: CauseCode?] = [:]
        for part in text.components(separatedBy: ", ") {
            let words = part.components(separatedBy: " on ")
            guard words.count <= 2, words[0] == "accepted" || CauseCode(rawValue: words[0]) != nil else {
                throw BadSource(description: "\(place): no code: \(part)")
            }
            let told = words.count == 1 ? TestKernels.lines : words[1].split(separator: " ").map(String.init)
            for line in told {
                guard lines.contains(line), expected[line] == nil else {
                    throw BadSource(description: "\(place): not one of the kernels, or twice: \(line)")
                }
                expected[line] = .some(CauseCode(rawValue: words[0]))
            }
        }
        if expected[newest] == nil, let last = TestKernels.lines.last { expected[newest] = expected[last] }
        guard expected.count == lines.count else {
            throw BadSource(description: "\(place): not every kernel is told of")
        }
        return expected
    }
}
