// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage

/// Where programs are looked for: in the folders of PATH, and then in those of system programs, which are not on every
/// user's PATH (Debian's users have none of them).
///
/// It is the one rule for this process and its children: what is found here is run by its path, and children that call
/// programs by name have the same folders on their PATH.
struct ProgramSearch {
    /// As the environment has it.
    private let inherited: String
    /// What a relative folder is relative to.
    private let here: FilePath

    /// A shell's folders where PATH is not set (confstr(3), _CS_PATH).
    private static let usual = "/bin:/usr/bin"
    private static let systemFolders = ["/usr/local/sbin", "/usr/sbin", "/sbin"]

    init(_ environment: [String: String], in here: String = FileManager.default.currentDirectoryPath) {
        inherited = environment["PATH"] ?? Self.usual
        self.here = FilePath(here)
    }

    private var missingFolders: [String] {
        let there = inherited.split(separator: ":").map(String.init)
        return Self.systemFolders.filter { !there.contains($0) }
    }

    /// The value of PATH for children.
    var path: String { ([inherited] + missingFolders).filter { !$0.isEmpty }.joined(separator: ":") }

    /// The absolute path of a program; a name with a slash in it is a path already.
    func find(_ name: String) -> FilePath? {
        if name.contains("/") {
            let path = here.pushing(FilePath(name))
            return Self.isProgram(path) ? path : nil
        }
        return path.split(separator: ":").lazy
            .map { here.pushing(FilePath(String($0))).appending(name) }
            .first(where: Self.isProgram)
    }

    /// A folder can be executable too.
    private static func isProgram(_ path: FilePath) -> Bool {
        var status = stat()
        return stat(path.string, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
            && access(path.string, X_OK) == 0
    }
}

extension Command {
    /// The absolute path of a program, looked for on PATH and in the folders of system programs; nil where there is none.
    public static func find(_ name: String, environment: [String: String] = ProcessInfo.processInfo.environment)
        -> FilePath?
    {
        ProgramSearch(environment).find(name)
    }

    /// The same program started by another one, which becomes it or runs it as its child: prlimit, unshare.
    ///
    /// - Throws: `CommandError.notFound` for this program: the other one's own complaint would not say how to get it.
    public func behind(_ starter: String, _ options: [String]) throws(CommandError) -> Command {
        guard let program = Self.find(name) else { throw .notFound(name: name) }
        return Command(
            starter,
            options + [program.string] + arguments,
            environment: environment,
            workingDirectory: workingDirectory
        )
    }

    /// What is added to the inherited environment, PATH included unless the command has one of its own.
    var additions: [String: String] {
        ["PATH": ProgramSearch(ProcessInfo.processInfo.environment).path].merging(environment) { $1 }
    }
}
