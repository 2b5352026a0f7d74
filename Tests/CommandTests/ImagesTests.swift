// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import SystemPackage
import TestKernels
import Testing

/// `bpfmatrix images`, as people use it.
@Suite struct ImagesTests {
    private func environment(_ folder: FilePath) -> [String: String] {
        ["BPFMATRIX_STORE": folder.appending("store").string]
    }

    @Test("definitions that are wrong, images that are not there: one clear line")
    func mistakes() async throws {
        try await withScratchFolder { folder in
            func expect(_ arguments: [String], status: Int, says words: String) async throws {
                let outcome = try await Tool.run(["images"] + arguments, in: folder, environment: environment(folder))
                #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
                #expect((outcome.errors + outcome.output).contains(words), "\(arguments): \(outcome.errors)")
            }
            try await expect([], status: 0, says: "no images yet: bpfmatrix images build")
            try await expect(["build"], status: 3, says: "cannot read images.json")
            try folder.appending("images.json").write(
                #"[{"name": "base", "actions": [{"type": "run-command", "op": {"Cmdd": "x"}}]}]"#
            )
            let slip = "images.json: image 'base', action 1: unknown key 'Cmdd' in run-command; it takes Cmd"
            try await expect(["build"], status: 3, says: slip)
            try folder.appending("other.json").write("[]")
            try await expect(
                ["build", "--definitions", "other.json"],
                status: 64,
                says: "other.json defines no images"
            )
            try await expect(
                ["build", "x", "--definitions", "other.json"],
                status: 3,
                says: "other.json defines no image 'x'; it has: none"
            )
            try await expect(["remove", "x"], status: 3, says: "no image 'x' in the store")
            try await expect(["build", "--format", "vmdk"], status: 64, says: "'raw' and 'qcow2'")
        }
    }

    @Test("the PATH that Debian gives its users, without /usr/sbin, is enough to build an image")
    func usersPath() async throws {
        try await withScratchFolder { folder in
            try folder.appending("images.json").write(#"[{"name": "small"}]"#)
            let usersPath = ["PATH": "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"]
            let outcome = try await Tool.run(
                ["images", "build", "--variant", "essential"],
                in: folder,
                environment: environment(folder).merging(usersPath) { $1 }
            )
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(outcome.output.hasPrefix("small  "), "\(outcome.output)")
        }
    }

    @Test("a build that is killed takes its processes along, and the next command removes its files")
    func killed() async throws {
        try await withScratchFolder { folder in
            let seconds = "1000000.\(UInt32.random(in: 0...UInt32.max))"
            try folder.appending("images.json").write(
                #"""
                [{"name": "slow", "actions": [
                    {"type": "run-command", "op": {"Cmd": "setsid sleep \#(seconds) & sleep \#(seconds)"}}]}]
                """#
            )
            let unfinished = folder.appending("store/images/unfinished")
            // Known by its arguments, which the programs that it starts do not have.
            let definitions = folder.appending("images.json").string
            let arguments = ["images", "build", "--variant", "essential", "--definitions", definitions]
            async let outcome = Tool.run(arguments, environment: environment(folder))
            let began = try await Processes.wait(forArgument: "sleep", within: .seconds(300)) { processes in
                processes.contains { Processes.arguments(of: $0) == ["sleep", seconds] }
            }
            try #require(began)
            #expect(try FileManager.default.contentsOfDirectory(atPath: unfinished.string).count == 1)
            let tools = Processes.withArgument(definitions).filter {
                Processes.arguments(of: $0).first == Tool.path.string
            }
            try #require(tools.count == 1)
            #expect(kill(pid_t(tools[0]), SIGKILL) == 0)
            #expect(try await outcome.status == -1)
            let ended = try await Processes.wait(forArgument: seconds, within: .seconds(30)) { $0.isEmpty }
            #expect(ended)
            let listed = try await Tool.run(["images", "list"], environment: environment(folder))
            #expect(listed.output.hasPrefix("no images yet"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: unfinished.string).isEmpty)
        }
    }
}

extension Processes {
    fileprivate static func arguments(of process: Int) -> [String] {
        let line = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") ?? Data()
        return line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }
}
