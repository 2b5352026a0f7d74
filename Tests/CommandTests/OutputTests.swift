// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import Reports
import SystemPackage
import TestKernels
import Testing

/// Where results and reports go, and what becomes of a run that can't write them.
@Suite(.serialized) struct OutputTests {
    /// One program that every kernel accepts, and one that none does.
    private static let source = """
        SEC("kprobe/vfs_open") int good(void *ctx) { return 0; }
        #ifdef BAD
        SEC("kprobe/vfs_open") int bad(void *ctx) { return *(int *)8; }
        #endif

        """

    private func withObjects(_ body: (FilePath) async throws -> Void) async throws {
        _ = try await TestKernels.kernel("6.12")
        let good = try await CompiledFixture.object("good", Self.source)
        let bad = try await CompiledFixture.object("bad", "#define BAD\n" + Self.source)
        try await withScratchFolder { folder in
            try folder.appending("good.o").write(good.bytes)
            try folder.appending("bad.o").write(bad.bytes)
            try await body(folder)
        }
    }

    private static func test(_ object: String) -> String {
        "\"$bpfmatrix\" test \(object).o --kernels 6.12 --loader agent --accel tcg"
    }

    @Test("a full disk fails a run that was a success, and leaves what a failed one has to say (6.12)")
    func fullDisk() async throws {
        try await withObjects { folder in
            for (redirection, words) in [
                (">/dev/full", "cannot write to standard output: No space left on device"),
                ("--json /dev/full", "cannot write the results to /dev/full: No space left on device"),
                ("--json - 2>&1 >/dev/full", "cannot write to standard output: No space left on device"),
            ] {
                for (object, status) in [("good", 3), ("bad", 1)] {
                    let outcome = try await Tool.script("\(Self.test(object)) \(redirection)", in: folder)
                    #expect(outcome.status == status, "\(object) \(redirection): \(outcome.errors)")
                    #expect((outcome.output + outcome.errors).contains(words), "\(redirection): \(outcome)")
                }
            }
            let usage = try await Tool.script("\"$bpfmatrix\" --help >/dev/full; echo $?", in: folder)
            #expect(usage.output == "3\n")
            let inspected = try await Tool.script("\"$bpfmatrix\" inspect good.o >/dev/full; echo $?", in: folder)
            #expect(inspected.output == "3\n")
        }
    }

    @Test(
        "a reader that goes away is no error, and the run's exit status stays (6.12)",
        arguments: [("good", 0), ("bad", 1)]
    )
    func closedPipe(object: String, status: Int) async throws {
        try await withObjects { folder in
            let script = "{ \(Self.test(object)); echo $? >status; } | true"
            let outcome = try await Tool.script(script, in: folder)
            #expect(outcome.errors.isEmpty, "\(outcome.errors)")
            #expect(try folder.appending("status").contents == Array("\(status)\n".utf8))
        }
    }

    @Test(
        "results go to standard output under each of its names, alone (6.12)",
        arguments: ["-", "/dev/stdout", "/dev/fd/1"]
    )
    func standardOutput(name: String) async throws {
        try await withObjects { folder in
            for redirection in ["", ">results.json"] {
                let outcome = try await Tool.script("\(Self.test("good")) --json \(name) \(redirection)", in: folder)
                #expect(outcome.status == 0, "\(outcome.errors)")
                let written = redirection.isEmpty ? outcome.output : try folder.appending("results.json").text
                #expect(try JSONReport.results(Data(written.utf8)).cells.count == 1)
                #expect(outcome.errors.contains("1 of 1 accepted"))
            }
        }
    }

    @Test("results go into what a shell opened, into named pipes, and through links (6.12)")
    func descriptors() async throws {
        try await withObjects { folder in
            let test = Self.test("good")
            let script = """
                set -e
                \(test) --json >(cat >substituted.json; touch over)
                until [ -e over ]; do sleep 0.05; done
                \(test) --json /dev/fd/7 7>numbered.json
                mkfifo pipe
                cat pipe >piped.json &
                \(test) --json pipe
                wait $!
                echo old >target.json
                ln -s target.json link.json
                \(test) --json link.json
                [ -L link.json ]
                """
            let outcome = try await Tool.script(script, in: folder)
            #expect(outcome.status == 0, "\(outcome.errors)")
            for name in ["substituted", "numbered", "piped", "target"] {
                let data = Data(try folder.appending("\(name).json").contents)
                #expect(try JSONReport.results(data).summary.accepted == 1, "\(name)")
            }
        }
    }

    @Test("a number that nothing is open under is refused before anything is tested")
    func closedDescriptor() async throws {
        try await withObjects { folder in
            for (redirection, words) in [
                ("", "no file is open under the number 7"), ("7<good.o", "it is open for reading only"),
            ] {
                let script = "\(Self.test("good")) --json /dev/fd/7 \(redirection)"
                let outcome = try await Tool.script(script, in: folder)
                #expect(outcome.status == 3)
                #expect(outcome.errors.contains("cannot write the results to /dev/fd/7: \(words)"), "\(outcome.errors)")
                #expect(!outcome.output.contains("accepted"))
            }
        }
    }

    @Test("a run that was started by nohup outlives its terminal (6.12)")
    func nohup() async throws {
        try await withObjects { folder in
            let temporary = folder.appending("t")
            try FileManager.default.createDirectory(atPath: temporary.string, withIntermediateDirectories: true)
            let environment = ["TMPDIR": temporary.string]
            async let outcome = Tool.script(
                "nohup \(Self.test("good")) --no-cache --cold >out & echo $! >id; wait $!",
                in: folder,
                environment: environment
            )
            let isUp = try await Processes.wait(forArgument: "path=\(temporary)", within: .seconds(60)) { !$0.isEmpty }
            #expect(isUp, "QEMU was never started")
            let text = try folder.appending("id").text
            let id = try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
            #expect(kill(id, SIGHUP) == 0)
            #expect(try await outcome.status == 0)
            #expect(try folder.appending("out").text.contains("1 of 1 accepted"))
        }
    }
}

extension FilePath {
    fileprivate var text: String { get throws { String(decoding: try contents, as: UTF8.self) } }
}
