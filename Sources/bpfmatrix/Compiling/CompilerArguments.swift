// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Compiler
import Matrix

/// How sources are compiled: the same for every command that takes some.
struct CompilerArguments: ParsableArguments {
    @Option(
        name: .customShort("I", allowingJoined: true),
        help: ArgumentHelp("Search a folder for headers, before all others.", valueName: "folder")
    )
    var includeFolders: [String] = []

    @Option(
        name: .customShort("D", allowingJoined: true),
        help: ArgumentHelp("Define a macro.", valueName: "name[=value]")
    )
    var definitions: [String] = []

    @Option(
        name: .customLong("cflag"),
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Any other flag for the compiler; once for each.", valueName: "flag")
    )
    var flags: [String] = []

    @Option(
        name: [.long, .customLong("mcpu", withSingleDash: true)],
        help: ArgumentHelp(
            "BPF's instruction set: v1 to v4. (default: v3, or what the oldest kernel under test knows)",
            valueName: "version"
        )
    )
    var mcpu: String?

    @Option(
        help: ArgumentHelp(
            "The kernel whose types become vmlinux.h; or a vmlinux.h, or a folder with one.",
            valueName: "kernel or path"
        )
    )
    var vmlinux: String?

    /// The command line with `-DNAME=VALUE` as `-D NAME=VALUE`, since the parser takes it for an option called `-DNAME`.
    static func separated(_ arguments: some Sequence<String>) -> [String] {
        var separated: [String] = []
        var isOver = false
        for argument in arguments {
            isOver = isOver || argument == "--"
            let isJoined = ["-D", "-I"].contains { argument.hasPrefix($0) } && argument.contains("=")
            if isJoined, !isOver, separated.last != "--cflag" {
                separated += [String(argument.prefix(2)), String(argument.dropFirst(2))]
            } else {
                separated.append(argument)
            }
        }
        return separated
    }

    var choices: CompilerChoices {
        CompilerChoices(
            flags: CompilerFlags(includeFolders: includeFolders, definitions: definitions, mcpu: mcpu, others: flags),
            vmlinux: vmlinux.map { VmlinuxChoice($0) }
        )
    }
}

/// What is tested or looked at.
struct InputArguments: ParsableArguments {
    @Argument(help: "C sources, BPF objects, binaries that embed some, or folders.")
    var path: [String]

    @Flag(name: .shortAndLong, help: "Search the folders in folders, too; hidden ones and links are left out.")
    var recursive = false

    var found: FoundInputs {
        get throws(InputError) { try InputReader.inputs(at: path, isRecursive: recursive) }
    }
}
