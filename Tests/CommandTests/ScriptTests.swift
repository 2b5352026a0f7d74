// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import SystemPackage
import TestKernels
import Testing

/// `scripts/test-bpf-in-vm.sh`, with a bpftool whose answers are known.
@Suite struct ScriptTests {
    private struct Line: Decodable, Equatable {
        let object: String
        let verdict: String
        let status: Int
        let output: String
    }

    private static let script = TestKernels.package.appending("scripts/test-bpf-in-vm.sh")

    /// A bpftool that refuses objects with `bad` in their names, wordily, and dies over those with `dead`.
    private static let bpftool = #"""
        #!/bin/sh
        case $3 in
            *bad*) printf 'libbpf: "x"\tfailed \\ here\n\001end\n'; exit 255 ;;
            *dead*) kill -9 $$ ;;
        esac
        """#

    private func run(_ names: [String], tool: String = bpftool) async throws -> (status: Int, lines: [Line]) {
        try await withScratchFolder { folder in
            let fake = folder.appending("bpftool")
            try fake.write(tool)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: fake.string)
            let objects = folder.appending("objects")
            try FileManager.default.createDirectory(atPath: objects.string, withIntermediateDirectories: true)
            for name in names { try objects.appending(name).write("") }
            let result = try await Command(
                "sh",
                [Self.script.string, objects.string],
                environment: ["BPFTOOL": fake.string, "PINS": folder.string]
            ).run(within: .seconds(30))
            guard case .exited(let status) = result.ending else { return (-1, []) }
            let lines = try result.outputText.split(separator: "\n").map {
                try JSONDecoder().decode(Line.self, from: Data($0.utf8))
            }
            return (status, lines)
        }
    }

    @Test("every object gets its line of JSON, whatever bpftool prints, and a failure stops nothing")
    func lines() async throws {
        let (status, lines) = try await run(["a.bpf.o", "bad \"one\".bpf.o", "z.bpf.o", "not-an-object.txt"])
        #expect(status == 1)
        #expect(
            lines == [
                Line(object: "a.bpf.o", verdict: "accepted", status: 0, output: ""),
                Line(
                    object: "bad \"one\".bpf.o",
                    verdict: "rejected",
                    status: 255,
                    output: "libbpf: \"x\"\tfailed \\ here\n\u{1}end"
                ),
                Line(object: "z.bpf.o", verdict: "accepted", status: 0, output: ""),
            ]
        )
    }

    @Test("exit statuses: 0, 1, and 3 where nothing was said")
    func statuses() async throws {
        #expect(try await run(["a.bpf.o"]).status == 0)
        #expect(try await run(["dead.bpf.o"]).status == 3)
        #expect(try await run(["dead.bpf.o"]).lines.map(\.verdict) == ["infrastructure"])
        #expect(try await run(["dead.bpf.o", "bad.bpf.o"]).status == 1)
        #expect(try await run([]).status == 3)
        #expect(try await run(["a.bpf.o"], tool: "#!/no/such/shell\n").status == 3)
    }
}
