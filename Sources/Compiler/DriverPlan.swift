// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage

/// What a clang would run for a command line, as it prints with `-###`. Whatever decides that is in it: flags that a wrapper
/// adds, variables of the environment, configuration files.
struct DriverPlan: Sendable, Hashable {
    /// Each job's program and its arguments.
    let jobs: [[String]]
    /// The other lines: the compiler's version, where it lies, its configuration files.
    let remarks: [String]

    init(_ text: String) {
        let lines = text.split(separator: "\n").map(String.init)
        jobs = lines.filter { $0.hasPrefix(" \"") }.map(Self.words)
        remarks = lines.filter { !$0.hasPrefix(" \"") }
    }

    /// The compiler itself, if clang does all of the work in one job.
    var compiler: FilePath? {
        guard jobs.count == 1, let job = jobs.first, job.dropFirst().first == "-cc1", let program = job.first else {
            return nil
        }
        return FilePath(program)
    }

    /// What decides about the object. The current folder's name does not: it is in no object.
    var decisive: [String] {
        remarks + jobs.flatMap { $0 }.filter { !$0.hasPrefix("-fcoverage-compilation-dir=") }
    }

    /// Files that arguments name: plugins, profiles, precompiled headers, lists. The preprocessor does not tell of them.
    var namedFiles: [FilePath] {
        let arguments = jobs.flatMap { $0.dropFirst() }
        let values = arguments.compactMap { argument in
            argument.firstIndex(of: "=").map { String(argument[argument.index(after: $0)...]) }
        }
        return Set(arguments + values).sorted().map { FilePath($0) }.filter(FileStamp.isFile)
    }

    /// Each word in quotes; `\` makes of `"`, `\` and `$` what they are.
    private static func words(_ line: String) -> [String] {
        var words: [String] = []
        var word: String?
        var isEscaped = false
        for character in line {
            if isEscaped {
                word?.append(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "\"" {
                if let finished = word { words.append(finished) }
                word = word == nil ? "" : nil
            } else {
                word?.append(character)
            }
        }
        return words
    }
}

/// By what it is noticed that a file has become another, without reading it.
enum FileStamp {
    static func isFile(_ path: FilePath) -> Bool {
        var status = stat()
        return !path.isEmpty && stat(path.string, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// nil where it is not there. Nobody can set the time of change (`st_ctim`).
    static func text(of path: FilePath) -> String? {
        var status = stat()
        guard stat(path.string, &status) == 0 else { return nil }
        let numbers = [
            Int(status.st_ino), Int(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
            status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
        ]
        return ([path.string] + numbers.map(String.init)).joined(separator: " ")
    }
}
