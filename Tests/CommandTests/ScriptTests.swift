// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import SystemPackage
import TestKernels
import Testing

/// `scripts/test-bpf-in-vm.sh`, with a bpftool whose answers are known, under the shells and tools that images have.
@Suite struct ScriptTests {
    /// Debian's dash and mawk, or all that busybox has.
    enum Tools: CaseIterable, Sendable {
        case debian, busybox
    }

    private struct Header: Decodable, Equatable {
        let format: Int
        let loader: String
        let version: String
        let libbpf: String
        let kernel: String
        let tainted: UInt64
    }

    private struct Line: Decodable, Equatable {
        let object: String
        let sha256: String
        let status: Int
        let programs: [String]
        let tainted: UInt64
        let log: String
    }

    private struct End: Decodable, Equatable {
        let end: Bool
        let objects: Int
    }

    private struct Outcome {
        let status: Int
        /// None may have bytes that are no UTF-8.
        let lines: [Data]
        let errors: String
        /// What is left of pins.
        let pins: [String]

        func decode<Value: Decodable>(_ type: Value.Type, _ index: Int) throws -> Value {
            try #require(String(data: lines[index], encoding: .utf8) != nil)
            return try JSONDecoder().decode(type, from: lines[index])
        }
    }

    private static let script = TestKernels.package.appending("scripts/test-bpf-in-vm.sh")

    /// A bpftool that prints an object's contents, refuses those with `bad` in their names, dies over those with `dead`,
    /// and pins the others.
    private static let bpftool = #"""
        #!/bin/sh
        if [ "$1" = version ]; then
            printf 'bpftool v7.1.0\nusing libbpf v1.1\nfeatures: skeletons\n'
            exit
        fi
        cat "$3"
        case $3 in
            *bad*) exit 255 ;;
            *dead*) kill -9 $$ ;;
        esac
        mkdir "$4" && : >"$4/first" && : >"$4/second \"one\""
        """#

    private func run(
        _ objects: [String: [UInt8]],
        arguments: [String] = [],
        tool: String = bpftool,
        with tools: Tools = .debian
    ) async throws -> Outcome {
        try await withScratchFolder { folder in
            let programs = folder.appending("bin")
            let pins = folder.appending("pins")
            let objectFolder = folder.appending("objects")
            for made in [programs, pins, objectFolder] {
                try FileManager.default.createDirectory(atPath: made.string, withIntermediateDirectories: true)
            }
            var path = "/usr/sbin:/usr/bin:/sbin:/bin"
            if tools == .busybox {
                let installed = try await Command("busybox", ["--install", "-s", programs.string])
                    .run(within: .seconds(30))
                try #require(installed.ending.isSuccess, "\(installed.errorText)")
                path = ""
            }
            try programs.appending("bpftool").write(tool)
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755],
                ofItemAtPath: programs.appending("bpftool").string
            )
            for (name, content) in objects { try objectFolder.appending(name).write(content) }
            let shell = tools == .busybox ? programs.appending("sh").string : "dash"
            let result = try await Command(
                shell,
                [Self.script.string, objectFolder.string] + arguments,
                environment: ["PATH": "\(programs):\(path)", "PINS": pins.string, "TMPDIR": folder.string]
            ).run(within: .seconds(120))
            guard case .exited(let status) = result.ending else { throw CancellationError() }
            return Outcome(
                status: status,
                lines: Data(result.output).split(separator: 10).map { Data($0) },
                errors: result.errorText,
                pins: try FileManager.default.contentsOfDirectory(atPath: pins.string)
            )
        }
    }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test("every object gets its line, a refusal stops nothing, and no pin is left", arguments: Tools.allCases)
    func lines(tools: Tools) async throws {
        let outcome = try await run(
            ["a.bpf.o": bytes("x"), "bad \"one\".o": bytes("no\n"), "dead.o": [], "not-an-object.txt": []],
            with: tools
        )
        #expect(outcome.status == 0, "\(outcome.errors)")
        try #require(outcome.lines.count == 5)
        let header = try outcome.decode(Header.self, 0)
        #expect(header.format == 2 && header.loader == "bpftool")
        #expect(header.version == "7.1.0" && header.libbpf == "1.1")
        #expect(!header.kernel.isEmpty)
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        let first = try outcome.decode(Line.self, 1)
        #expect(first.object == "a.bpf.o" && first.status == 0 && first.log == "x")
        #expect(first.sha256 == "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881")
        #expect(first.programs == ["first", "second \"one\""])
        let second = try outcome.decode(Line.self, 2)
        #expect(second.object == "bad \"one\".o" && second.status == 255 && second.log == "no\n")
        #expect(second.programs.isEmpty)
        let third = try outcome.decode(Line.self, 3)
        #expect(third.object == "dead.o" && third.status == 137 && third.sha256 == empty)
        #expect(try outcome.decode(End.self, 4) == End(end: true, objects: 3))
        #expect(outcome.pins.isEmpty)
    }

    /// What bpftool prints, and what must come out of JSON again.
    private struct Log {
        let bytes: [UInt8]
        let text: String

        init(_ bytes: [UInt8], _ text: String) {
            self.bytes = bytes
            self.text = text
        }

        init(_ text: String) {
            self.init(Array(text.utf8), text)
        }
    }

    private static let logs: [Log] = [
        Log(""),
        Log("one line"),
        Log("\n\n"),
        Log("0: (b7) r0 = 0\n\t\"quoted\" \\ back\\\\slash \\n / & %s %d $x `y`\n"),
        Log("a\r\u{8}\u{c}\u{1b}[31m\u{7f}"),
        Log([0, 65, 0, 10, 0], "\0A\0\n\0"),
        Log("größer → 𝄞 \u{10FFFF}\u{80}\u{7FF}\u{800}\u{FFFD}\u{D7FF}\u{E000}"),
        Log([0x61, 0xff, 0x62, 0x80, 0x63], "a\u{FFFD}b\u{FFFD}c"),
        // Cut short: at the end, before ASCII, and before another beginning.
        Log([0x61, 0xe2, 0x82], "a\u{FFFD}"),
        Log([0xe2, 0x82, 0x41], "\u{FFFD}A"),
        Log([0xe2, 0xc3, 0xa9], "\u{FFFD}é"),
        // Too long for what they say, a half of a pair, beyond the last.
        Log([0xe0, 0x80, 0xaf, 0x2e], "\u{FFFD}."),
        Log([0xed, 0xa0, 0x80, 0x2e], "\u{FFFD}."),
        Log([0xf4, 0x90, 0x80, 0x80, 0x2e], "\u{FFFD}."),
        Log([0xc0, 0xaf], "\u{FFFD}\u{FFFD}"),
        Log(String(repeating: "\\", count: 40) + "é"),
        Log(String(decoding: Array(UInt8(0)..<128), as: UTF8.self)),
    ]

    @Test("whatever bpftool prints comes out of the JSON again", arguments: Tools.allCases)
    func escaping(tools: Tools) async throws {
        var objects: [String: [UInt8]] = [:]
        for (index, log) in Self.logs.enumerated() { objects["bad\(100 + index).o"] = log.bytes }
        let outcome = try await run(objects, with: tools)
        #expect(outcome.status == 0, "\(outcome.errors)")
        try #require(outcome.lines.count == Self.logs.count + 2)
        for (index, log) in Self.logs.enumerated() {
            let line = try outcome.decode(Line.self, index + 1)
            // Compared as scalars: as characters, CR LF and the like are others.
            #expect(Array(line.log.unicodeScalars) == Array(log.text.unicodeScalars), "\(log.bytes)")
        }
    }

    @Test("logs of megabytes come whole, in ASCII or not", arguments: Tools.allCases)
    func longLogs(tools: Tools) async throws {
        let line = "from 12 to 14: R0_w=scalar(umax=\"4\") R1=ctx(off=0,imm=0)\tR10=fp0 \\ \n"
        let ascii = String(repeating: line, count: (2 << 20) / line.utf8.count)
        let mixed = String(repeating: "é" + line, count: (1 << 20) / line.utf8.count)
        let single = String(repeating: "x", count: 1 << 20)
        let outcome = try await run(
            ["bad1.o": bytes(ascii), "bad2.o": bytes(mixed), "bad3.o": bytes(single)],
            with: tools
        )
        #expect(outcome.status == 0, "\(outcome.errors)")
        try #require(outcome.lines.count == 5)
        for (index, text) in [ascii, mixed, single].enumerated() {
            let log = try outcome.decode(Line.self, index + 1).log
            #expect(log.utf8.elementsEqual(text.utf8), "\(index)")
        }
    }

    @Test("objects that are named are tried in that order, and one that is not there ends it without a last line")
    func named() async throws {
        let objects = ["a.o": bytes("a"), "b.o": bytes("b"), "c.o": bytes("c")]
        let outcome = try await run(objects, arguments: ["c.o", "a.o"])
        #expect(outcome.status == 0)
        #expect(try outcome.decode(Line.self, 1).object == "c.o")
        #expect(try outcome.decode(Line.self, 2).object == "a.o")
        #expect(try outcome.decode(End.self, 3).objects == 2)
        let missing = try await run(objects, arguments: ["a.o", "d.o"])
        #expect(missing.status == 3)
        #expect(missing.lines.count == 2)
        #expect(missing.errors.contains("d.o can't be read"))
    }

    @Test("where nothing can be asked the status is 3, and there is no last line")
    func unusable() async throws {
        #expect(try await run([:]).status == 3)
        let broken = try await run(["a.o": []], tool: "#!/bin/sh\nexit 1\n")
        #expect(broken.status == 3)
        #expect(broken.lines.isEmpty)
        #expect(broken.errors.contains("does not run"))
    }
}
