// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage
import TestKernels
import Testing

@testable import bpfmatrix

/// `bpfmatrix watch`, with a real kernel and files that change.
@Suite(.serialized) struct WatchTests {
    private static let accepted = """
        #include <linux/bpf.h>
        #include <bpf/bpf_helpers.h>
        #include "answer.h"
        char LICENSE[] SEC("license") = "GPL";
        SEC("socket") int watched(void *ctx) { return ANSWER; }

        """

    private static let refused = accepted.replacing("return ANSWER", with: "*(volatile int *)0 = 1; return 0")

    /// The command with its output, for as long as `body` takes.
    private func withWatch(
        _ watched: FilePath,
        isRecursive: Bool = false,
        in folder: FilePath,
        output: FileHandle,
        input: FileHandle = .nullDevice,
        _ body: (Process) async throws -> Void
    ) async throws {
        let process = Process()
        process.executableURL = URL(filePath: Tool.path.string)
        let options = ["--kernels", "6.12", "--accel", "tcg", "--loader", "agent"] + (isRecursive ? ["-r"] : [])
        process.arguments = ["watch", watched.string] + options
        let additions = Tool.environment([
            "TMPDIR": folder.appending("t").string, "TERM": "xterm",
        ])
        process.environment = ProcessInfo.processInfo.environment.merging(additions) { $1 }
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
        defer {
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        try await body(process)
    }

    /// Waits until the file, from `position` on, contains `words`; returns where they end.
    @discardableResult
    private func wait(for words: String, in file: FilePath, from position: Int = 0) async throws -> Int {
        let wanted = Data(words.utf8)
        let end = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < end {
            let data = Data(try file.contents)
            if position <= data.count, let range = data[position...].range(of: wanted) { return range.upperBound }
            try await Task.sleep(for: .milliseconds(20))
        }
        Issue.record("\(words) was not said: \(String(decoding: try file.contents.dropFirst(position), as: UTF8.self))")
        return position
    }

    private func prepare(_ folder: FilePath) throws -> (sources: FilePath, output: FilePath) {
        let sources = folder.appending("src")
        for path in [sources, folder.appending("t")] {
            try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
        }
        try sources.appending("watched.c").write(Self.accepted)
        try sources.appending("answer.h").write("#define ANSWER 1\n")
        let output = folder.appending("output")
        try output.write("")
        return (sources, output)
    }

    @Test("in a pipe: each change to source or header is answered, what does not compile too; SIGINT ends it (6.12)")
    func pipe() async throws {
        _ = try await TestKernels.kernel("6.12")
        try await withScratchFolder { folder in
            let (sources, output) = try prepare(folder)
            let handle = try #require(FileHandle(forWritingAtPath: output.string))
            try await withWatch(sources, in: folder, output: handle) { process in
                var position = try await wait(for: "1 of 1 accepted", in: output)
                try sources.appending("watched.c").write(Self.refused)
                position = try await wait(
                    for: "✗ rejected [scalar-dereference]  watched.c:5  watched.bpf.o watched",
                    in: output,
                    from: position
                )
                position = try await wait(for: "0 of 1 accepted", in: output, from: position)
                try sources.appending("answer.h").write("#error nothing any more\n")
                position = try await wait(for: "watched.c does not compile", in: output, from: position)
                position = try await wait(for: "nothing any more", in: output, from: position)
                // As an editor does it: a new file takes the old one's place.
                let new = folder.appending("new")
                try new.write("#define ANSWER 2\n")
                #expect(rename(new.string, sources.appending("answer.h").string) == 0)
                position = try await wait(for: "0 of 1 accepted · 1 not · 1 cached", in: output, from: position)
                try sources.appending("watched.c").write(Self.accepted)
                position = try await wait(for: "1 of 1 accepted", in: output, from: position)
                try FileManager.default.removeItem(atPath: sources.string)
                position = try await wait(for: "no such file or folder", in: output, from: position)
                kill(process.processIdentifier, SIGINT)
                process.waitUntilExit()
                #expect(process.terminationReason == .exit)
                #expect(process.terminationStatus == 130)
            }
            #expect(!String(decoding: try output.contents, as: UTF8.self).contains("\u{1b}"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.appending("t").string).isEmpty)
        }
    }

    @Test(
        "on a terminal: drawn in place, r asks again, q quits and leaves the last matrix and the terminal as it was (6.12)"
    )
    func terminal() async throws {
        _ = try await TestKernels.kernel("6.12")
        try await withScratchFolder { folder in
            let (sources, output) = try prepare(folder)
            let terminal = try PseudoTerminal()
            try await terminal.recording(to: output) {
                try await withWatch(sources, in: folder, output: terminal.programSide, input: terminal.programSide) {
                    process in
                    var position = try await wait(for: "\u{1b}[?1049h", in: output)
                    position = try await wait(for: "r asks the kernels again", in: output, from: position)
                    position = try await wait(for: "1 of 1 accepted", in: output, from: position)
                    #expect(!terminal.isLineBuffered)
                    try sources.appending("watched.c").write(Self.refused)
                    position = try await wait(for: "0 of 1 accepted", in: output, from: position)
                    terminal.press("r")
                    position = try await wait(for: "0 of 1 accepted · 1 not · 1 kernel", in: output, from: position)
                    terminal.press("q")
                    position = try await wait(for: "\u{1b}[?1049l", in: output, from: position)
                    try await wait(for: "0 of 1 accepted", in: output, from: position)
                    process.waitUntilExit()
                    #expect(process.terminationStatus == 0)
                    #expect(terminal.isLineBuffered)
                }
            }
        }
    }

    @Test("headers in other folders count, also missing ones, and folders that are moved and made again (6.12)")
    func otherFolders() async throws {
        _ = try await TestKernels.kernel("6.12")
        try await withScratchFolder { folder in
            let (sources, output) = try prepare(folder)
            let include = folder.appending("inc")
            func say(_ text: String) throws {
                try FileManager.default.createDirectory(atPath: include.string, withIntermediateDirectories: true)
                try include.appending("answer.h").write(text)
            }
            try sources.appending("watched.c").write(Self.accepted.replacing("answer.h", with: "../inc/answer.h"))
            let handle = try #require(FileHandle(forWritingAtPath: output.string))
            try await withWatch(sources.appending("watched.c"), in: folder, output: handle) { _ in
                var position = try await wait(for: "'../inc/answer.h' file not found", in: output)
                try say("#define ANSWER 1\n")
                position = try await wait(for: "1 of 1 accepted", in: output, from: position)
                try say("#error no answer\n")
                position = try await wait(for: "no answer", in: output, from: position)
                #expect(rename(include.string, folder.appending("old").string) == 0)
                position = try await wait(for: "file not found", in: output, from: position)
                try say("#define ANSWER 0\n")
                position = try await wait(for: "1 of 1 accepted", in: output, from: position)
                #expect(rename(sources.string, folder.appending("older").string) == 0)
                position = try await wait(for: "no such file", in: output, from: position)
                #expect(rename(folder.appending("older").string, sources.string) == 0)
                try await wait(for: "1 of 1 accepted", in: output, from: position)
            }
        }
    }

    @Test("a source that does not compile is a red row beside those that do, in folders of folders too (6.12)")
    func redRow() async throws {
        _ = try await TestKernels.kernel("6.12")
        try await withScratchFolder { folder in
            let (sources, output) = try prepare(folder)
            let handle = try #require(FileHandle(forWritingAtPath: output.string))
            try await withWatch(sources, isRecursive: true, in: folder, output: handle) { _ in
                var position = try await wait(for: "1 of 1 accepted", in: output)
                let deep = sources.appending("deep")
                try FileManager.default.createDirectory(atPath: deep.string, withIntermediateDirectories: true)
                try deep.appending("other.c").write("/* SEC( */\n#error not yet\n")
                position = try await wait(for: "other.c does not compile", in: output, from: position)
                position = try await wait(for: "✗ object [not-compiled]  other.c:", in: output, from: position)
                position = try await wait(for: "1 of 2 accepted", in: output, from: position)
                try deep.appending("other.c").write(Self.accepted.replacing("answer.h", with: "../answer.h"))
                try await wait(for: "2 of 2 accepted", in: output, from: position)
            }
        }
    }

    @Test("however it is ended, the terminal is as it was (6.12)", arguments: [[SIGQUIT], [SIGINT, SIGINT]])
    func ended(signals: [CInt]) async throws {
        _ = try await TestKernels.kernel("6.12")
        try await withScratchFolder { folder in
            let (sources, output) = try prepare(folder)
            let terminal = try PseudoTerminal()
            try await terminal.recording(to: output) {
                try await withWatch(sources, in: folder, output: terminal.programSide, input: terminal.programSide) {
                    process in
                    let position = try await wait(for: "1 of 1 accepted", in: output)
                    for signal in signals { kill(process.processIdentifier, signal) }
                    process.waitUntilExit()
                    #expect(process.terminationStatus == 130)
                    try await wait(for: "\u{1b}[?1049l", in: output, from: position)
                    #expect(terminal.isLineBuffered)
                }
            }
        }
    }

    @Test("bad input ends it before it begins")
    func badInput() async throws {
        let missing = try await Tool.run(["watch", "/no/such/file", "--kernels", "6.12"])
        #expect(missing.status == 1)
        #expect(missing.errors.contains("/no/such/file: no such file"))
        let usage = try await Tool.run(["watch"])
        #expect(usage.status == 64)
    }

    @Test("what concerns a watch: its files, what they include, and what is new in its folders")
    func files() async throws {
        try await withScratchFolder { folder in
            let sources = folder.appending("src")
            try FileManager.default.createDirectory(atPath: sources.string, withIntermediateDirectories: true)
            try folder.appending("single.c").write("")
            try FileManager.default.createSymbolicLink(
                atPath: folder.appending("link.c").string,
                withDestinationPath: "elsewhere/target.c"
            )
            var files = WatchedFiles(["src/", "./single.c", "link.c"], workingDirectory: folder)
            files.add(["inc/../inc/deep.h", "/usr/include/linux/bpf.h"])
            for path in ["src", "src/new.c", "src/new.h", "src/a.o", "single.c", "beside.h", "inc/deep.h", "inc/new.h"]
            {
                #expect(files.concerns(folder.pushing(FilePath(path))), "\(path)")
            }
            for path in ["src/notes.txt", "src/.new.c.swp", "other.c", "inc/other.c", "elsewhere.h/x"] {
                #expect(!files.concerns(folder.pushing(FilePath(path))), "\(path)")
            }
            let expected = [folder, sources, folder.appending("inc"), "/usr/include/linux"]
            #expect(files.folders.isSuperset(of: expected))
        }
    }
}
