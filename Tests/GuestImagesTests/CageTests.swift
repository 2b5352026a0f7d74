// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import SystemPackage
import TestKernels
import Testing

@testable import GuestImages

/// In what builds run.
@Suite struct CageTests {
    enum Choice: CaseIterable, Sendable {
        /// What works best on this machine.
        case best
        /// What works everywhere for root.
        case guarded

        func cage() async throws -> Cage {
            switch self {
            case .best: try await Cage.find()
            case .guarded: .guarded
            }
        }
    }

    @Test("a command in it ends as it ends, and says what it says", arguments: Choice.allCases)
    func commands(choice: Choice) async throws {
        try await withScratchFolder { folder in
            let cage = try await choice.cage()
            let script = #"echo "$1"; echo "$2" >&2; exit 7"#
            let command = try cage.command("sh", ["-c", script, "sh", "it's \"$one\"", "other"], in: folder)
            let result = try await command.run(within: .seconds(30))
            #expect(result.ending == .exited(7))
            #expect(result.outputText == "it's \"$one\"\n" && result.errorText.contains("other\n"))
        }
    }

    @Test(
        "when its first process is killed, all others are, also those that left its session",
        arguments: Choice.allCases
    )
    func deaths(choice: Choice) async throws {
        try await withScratchFolder { folder in
            let cage = try await choice.cage()
            // A number that no other process is told to sleep for.
            let seconds = "1000000.\(UInt32.random(in: 0...UInt32.max))"
            let script = #"setsid sleep "$1" & (setsid setsid sleep "$1" &) ; sleep "$1""#
            let command = try cage.command("sh", ["-c", script, "sh", seconds], in: folder)
            await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await command.run(within: .seconds(300)) }
                group.addTask {
                    let began = try await Processes.wait(forArgument: seconds, within: .seconds(30)) { processes in
                        processes.count(where: { Processes.isNamed("sleep", $0) }) == 3
                    }
                    #expect(began)
                    throw CancellationError()
                }
                await #expect(throws: CancellationError.self) { try await group.next() }
                group.cancelAll()
            }
            let ended = try await Processes.wait(forArgument: seconds, within: .seconds(30)) { $0.isEmpty }
            #expect(ended)
        }
    }

    @Test("whoever it is outside, in it one can make files of every user, and they go with the folder")
    func owners() async throws {
        try await withScratchFolder { folder in
            let cage = try await Cage.find()
            let build = folder.appending("build")
            let script =
                #"mkdir -m 700 "$1" "$1/a" && touch "$1/a/b" && chown -R 33:65533 "$1/a" && stat -c %u:%g "$1/a""#
            let making = try cage.command("sh", ["-c", script, "sh", build.string], in: folder)
            let made = try await making.run(within: .seconds(30))
            #expect(made.outputText == "33:65533\n", "\(made.errorText)")
            Cage.remove(build)
            #expect(!FileManager.default.fileExists(atPath: build.string))
        }
    }
}

extension Processes {
    /// Whether that is the program it runs, as opposed to a shell that has it in its command line.
    static func isNamed(_ name: String, _ process: Int) -> Bool {
        (FileManager.default.contents(atPath: "/proc/\(process)/cmdline") ?? Data()).starts(
            with: Data("\(name)\0".utf8)
        )
    }
}
