// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage
import TestKernels
import Testing

@testable import ChildProcess

@Suite struct ProgramSearchTests {
    /// What Debian gives its users (/etc/login.defs, ENV_PATH).
    private static let debianUser = "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"

    @Test(
        "a child's PATH is this process's own, with the folders of system programs after it",
        arguments: [
            (debianUser, "\(debianUser):/usr/local/sbin:/usr/sbin:/sbin"),
            ("/usr/sbin:/usr/bin:/sbin:/bin", "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin"),
            ("/a:/sbin", "/a:/sbin:/usr/local/sbin:/usr/sbin"), ("", "/usr/local/sbin:/usr/sbin:/sbin"),
            (nil, "/bin:/usr/bin:/usr/local/sbin:/usr/sbin:/sbin"),
        ] as [(String?, String)]
    )
    func path(inherited: String?, expected: String) {
        let environment = inherited.map { ["PATH": $0] } ?? [:]
        #expect(ProgramSearch(environment).path == expected)
    }

    @Test("system programs are found with a user's PATH, and without any")
    func systemPrograms() throws {
        for environment in [["PATH": Self.debianUser], ["PATH": "/nowhere"], [:]] {
            let found = try #require(Command.find("ldconfig", environment: environment))
            #expect(found.lastComponent == "ldconfig" && found.isAbsolute)
        }
    }

    @Test("the first folder that has the program wins; folders and files that can't be run do not count")
    func order() async throws {
        try await withScratchFolder { folder in
            for name in ["one/tool", "two", "three", "four"] {
                try FileManager.default.createDirectory(
                    atPath: folder.appending(name).string,
                    withIntermediateDirectories: true
                )
            }
            try folder.appending("two/tool").write("#!/bin/sh\n")
            for name in ["three/tool", "four/tool"] {
                try folder.appending(name).write("#!/bin/sh\n")
                #expect(chmod(folder.appending(name).string, 0o755) == 0)
            }
            let path = ["one", "two", "three", "four"].map { folder.appending($0).string }.joined(separator: ":")
            #expect(ProgramSearch(["PATH": path]).find("tool") == folder.appending("three/tool"))
            #expect(ProgramSearch(["PATH": folder.appending("one").string]).find("tool") == nil)
        }
    }

    @Test("relative folders and paths are relative to where this process is, not to where the child is started")
    func relative() async throws {
        try await withScratchFolder { folder in
            let tool = folder.appending("bin").appending("tool")
            try FileManager.default.createDirectory(
                atPath: tool.removingLastComponent().string,
                withIntermediateDirectories: true
            )
            try tool.write("#!/bin/sh\n")
            #expect(chmod(tool.string, 0o755) == 0)
            #expect(ProgramSearch(["PATH": "bin"], in: folder.string).find("tool") == tool)
            #expect(ProgramSearch(["PATH": "/usr/bin"], in: folder.string).find("bin/tool") == tool)
            #expect(ProgramSearch(["PATH": "bin"], in: folder.string).find("tool/x") == nil)
        }
    }

    @Test("a program that children call by name is found where this process would find it")
    func children() async throws {
        let result = try await Command("sh", ["-c", "command -v ldconfig && echo \"$PATH\""]).run(within: .seconds(20))
        #expect(result.ending.isSuccess, "\(result.errorText)")
        #expect(result.outputText.split(separator: "\n").last?.split(separator: ":").contains("/usr/sbin") == true)
    }

    @Test("a command with a PATH of its own keeps it")
    func ownPath() async throws {
        let command = Command("sh", ["-c", "echo \"$PATH\""], environment: ["PATH": "/nowhere"])
        #expect(try await command.run(within: .seconds(20)).outputText == "/nowhere\n")
    }

    @Test("behind another program it runs by its path; where it is missing, its own name is in the error")
    func behind() async throws {
        let command = try Command("sh", ["-c", "echo \"$0\"; ulimit -f"]).behind("prlimit", ["--fsize=1048576"])
        let result = try await command.run(within: .seconds(20))
        #expect(result.outputText == "\(try #require(Command.find("sh")))\n2048\n", "\(result.errorText)")
        #expect(throws: CommandError.notFound(name: "no-such-program")) {
            try Command("no-such-program").behind("prlimit", [])
        }
    }

    @Test("what must be undone is undone with a user's PATH too, and its failure is told")
    func undo() async throws {
        try await withScratchFolder { folder in
            #expect(Command("touch", [folder.appending("done").string]).undo(within: 20))
            #expect(FileManager.default.fileExists(atPath: folder.appending("done").string))
            #expect(!Command("false").undo(within: 20))
            #expect(!Command("no-such-program").undo(within: 20))
        }
    }
}
