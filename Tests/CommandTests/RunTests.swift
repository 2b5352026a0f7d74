// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import Reports
import Results
import SystemPackage
import TestKernels
import Testing

/// The command as people and CI run it, with real kernels.
@Suite(.serialized) struct RunTests {
    private static let source = TestKernels.package.appending("src/bpf")

    /// A store of its own with one kernel in it, and an object to test there.
    private func withOwnStore(
        _ body: (_ store: FilePath, _ environment: [String: String], _ object: String) async throws -> Void
    ) async throws {
        let kernel = try await TestKernels.kernel("6.12")
        try await withScratchFolder { folder in
            let store = folder.appending("store")
            let environment = ["BPFMATRIX_STORE": store.string]
            let image = try TestKernels.store.path(of: kernel.image).string
            let added = try await Tool.run(["kernels", "add", "mine", "--image", image], environment: environment)
            #expect(added.status == 0, "\(added.errors)")
            let compiled = try await Tool.run(["compile", Self.source.string, "--output", folder.string])
            #expect(compiled.status == 0, "\(compiled.errors)")
            try await body(store, environment, folder.appending("minimal.bpf.o").string)
        }
    }

    @Test("in a pipe: one line per event, the matrix, no escape sequences; the JSON says the same (6.12)")
    func pipe() async throws {
        _ = try await TestKernels.kernel("6.12")
        try await withScratchFolder { folder in
            let json = folder.appending("results.json")
            let outcome = try await Tool.run(
                [
                    "test", Self.source.string, "--kernels", "6.12", "--accel", "tcg", "--no-cache", "--json",
                    json.string,
                ]
            )
            #expect(outcome.status == 0, "\(outcome.errors)")
            #expect(!outcome.output.contains("\u{1b}"))
            #expect(outcome.output.contains("minimal_prog") && outcome.output.contains("trace_open"))
            #expect(outcome.output.contains("2 of 2 accepted"))
            #expect(outcome.output.contains("minimal.bpf.o: 1 of 1 accepted"))
            let results = try JSONReport.results(Data(try json.contents))
            #expect(results.schema == MatrixResults.schema)
            #expect(results.summary.accepted == 2)
            for object in results.objects { #expect(outcome.output.contains(object.sha256.prefix(12))) }
        }
    }

    @Test("with --json -, standard output is JSON and nothing else (6.12)")
    func jsonToPipe() async throws {
        _ = try await TestKernels.kernel("6.12")
        let outcome = try await Tool.run(
            ["test", Self.source.string, "--kernels", "6.12", "--loader", "agent", "--json", "-"]
        )
        #expect(outcome.status == 0)
        #expect(try JSONReport.results(Data(outcome.output.utf8)).cells.count == 2)
        #expect(outcome.errors.contains("2 of 2 accepted"))
    }

    @Test("compile writes one object per source, and vmlinux the kernel's types")
    func compile() async throws {
        _ = try await TestKernels.kernel("6.12")
        try await withScratchFolder { folder in
            let compiled = try await Tool.run(["compile", Self.source.string, "--output", folder.string])
            #expect(compiled.status == 0, "\(compiled.errors)")
            #expect(try folder.appending("minimal.bpf.o").contents.starts(with: [0x7f, 0x45, 0x4c, 0x46]))
            let again = try await Tool.run(["compile", Self.source.string, "--output", folder.string])
            #expect(again.output.split(separator: "\n").allSatisfy { $0.hasSuffix("unchanged") })
            let header = folder.appending("vmlinux.h")
            let written = try await Tool.run(["vmlinux", "--kernel", "6.12", "--output", header.string])
            #expect(written.status == 0)
            #expect(String(decoding: try header.contents, as: UTF8.self).contains("struct task_struct {"))
        }
    }

    @Test(
        "a temporary folder with a comma in its name, or one too long for a socket, will do (6.12)",
        arguments: ["a,b", "long"]
    )
    func temporaryFolder(name: String) async throws {
        try await withOwnStore { store, environment, object in
            let folder = store.removingLastComponent().appending(
                name == "long" ? String(repeating: "l", count: 90) : name
            )
            try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: true)
            let environment = environment.merging(["TMPDIR": folder.string]) { $1 }
            let outcome = try await Tool.run(
                ["test", object, "--loader", "agent", "--accel", "tcg"],
                environment: environment
            )
            #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
            #expect(outcome.output.contains("1 of 1 accepted"))
        }
    }

    @Test("interrupted or killed in the middle, no QEMU stays (6.12)", arguments: [SIGINT, SIGTERM, SIGKILL])
    func interrupted(signal: CInt) async throws {
        _ = try await TestKernels.kernel("6.12")
        try await withScratchFolder { folder in
            let temporary = folder.appending("t").string
            try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: true)
            let process = Process()
            process.executableURL = URL(filePath: Tool.path.string)
            process.arguments = ["test", Self.source.string, "--kernels", "6.12", "--accel", "tcg", "--no-cache"]
            process.environment = ProcessInfo.processInfo.environment
                .merging(Tool.environment(["TMPDIR": temporary])) { $1 }
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            // QEMU is told of the machine's own folder, which lies in this test's.
            let isUp = try await Processes.wait(forArgument: "path=\(temporary)", within: .seconds(60)) { !$0.isEmpty }
            #expect(isUp, "QEMU was never started")
            #expect(kill(process.processIdentifier, signal) == 0)
            process.waitUntilExit()
            let isGone = try await Processes.wait(forArgument: "path=\(temporary)", within: .seconds(10)) { $0.isEmpty }
            #expect(isGone, "QEMU has outlived the tool")
            if signal != SIGKILL {
                #expect(process.terminationReason == .exit)
                #expect(process.terminationStatus == 130)
                #expect(try FileManager.default.contentsOfDirectory(atPath: temporary).isEmpty)
            }
        }
        // The store is as good as before.
        #expect(try TestKernels.store.kernels().contains { $0.line == "6.12" })
    }

    @Test("killed while a guest is being saved, no QEMU and no half template stays, and the next run saves it (6.12)")
    func killedWhileSaving() async throws {
        try await withOwnStore { store, environment, object in
            let test = ["test", object, "--loader", "agent", "--accel", "tcg"]
            let process = Process()
            process.executableURL = URL(filePath: Tool.path.string)
            process.arguments = test
            process.environment = ProcessInfo.processInfo.environment.merging(Tool.environment(environment)) { $1 }
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            // Where the guest's memory is while it is made.
            let memory = "mem-path=\(store)"
            #expect(try await Processes.wait(forArgument: memory, within: .seconds(60)) { !$0.isEmpty })
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            #expect(try await Processes.wait(forArgument: memory, within: .seconds(10)) { $0.isEmpty })

            let again = try await Tool.run(test, environment: environment)
            #expect(again.status == 0, "\(again.output)")
            #expect(again.output.contains("booting, once for all later runs"))
            let kept = try await Tool.run(["kernels", "gc"], environment: environment)
            #expect(kept.output.hasPrefix("1 saved guest kept"), "\(kept.output)")
            // What the killed run had begun is gone.
            let files = FileManager.default.enumerator(atPath: store.appending("templates").string)?.allObjects
            let memories = (files as? [String] ?? []).filter { $0.hasSuffix("/memory") }
            #expect(memories.count == 1, "\(memories)")
        }
    }

    @Test("a saved guest goes with its kernel, and gc removes what is not wanted (6.12)")
    func savedGuests() async throws {
        try await withOwnStore { _, environment, object in
            let test = ["test", object, "--loader", "agent", "--accel", "tcg", "--no-cache"]
            let first = try await Tool.run(test, environment: environment)
            #expect(first.output.contains("booting, once for all later runs"), "\(first.output)")
            let second = try await Tool.run(test, environment: environment)
            #expect(!second.output.contains("booting") && second.output.contains("restored in"), "\(second.output)")
            let kept = try await Tool.run(["kernels", "gc"], environment: environment)
            #expect(kept.output.hasPrefix("1 saved guest kept"))
            let removed = try await Tool.run(["kernels", "gc", "--keep", "0"], environment: environment)
            #expect(removed.output.contains("removed a saved mine\n0 saved guests kept"))
            _ = try await Tool.run(test, environment: environment)
            _ = try await Tool.run(["kernels", "remove", "mine"], environment: environment)
            let left = try await Tool.run(["kernels", "gc"], environment: environment)
            #expect(left.output.hasPrefix("0 saved guests kept"), "\(left.output)")
        }
    }

    @Test("the same again is cached at once; --no-cache and --cold ask; a broken cache is told and done without (6.12)")
    func cached() async throws {
        try await withOwnStore { store, environment, object in
            let test = ["test", object, "--loader", "agent", "--accel", "tcg"]
            let first = try await Tool.run(test, environment: environment)
            #expect(first.output.contains("1 of 1 accepted") && !first.output.contains("cached"), "\(first.output)")
            let second = try await Tool.run(test, environment: environment)
            #expect(second.status == 0)
            #expect(second.output.contains("minimal.bpf.o: 1 of 1 accepted, cached"), "\(second.output)")
            #expect(second.output.contains("1 of 1 accepted · 1 cached"), "\(second.output)")
            #expect(!second.output.contains("restored in"))
            for option in ["--no-cache", "--cold", "--isolate"] {
                let asked = try await Tool.run(test + [option], environment: environment)
                #expect(asked.output.contains("1 of 1 accepted") && !asked.output.contains("cached"), "\(asked.output)")
            }

            try store.appending("verdicts.sqlite").write("this is no database, however long one looks at it")
            let broken = try await Tool.run(test, environment: environment)
            #expect(broken.status == 0)
            #expect(broken.output.contains("note: verdicts are not remembered: \(store)"), "\(broken.output)")
            #expect(broken.output.contains("restored in") && broken.output.contains("1 of 1 accepted"))
        }
    }

    @Test("a lock decides which kernels a run is about, until it is moved; another kernel fails it (6.12)")
    func locked() async throws {
        try await withOwnStore { store, environment, object in
            let folder = store.removingLastComponent()
            func run(_ arguments: [String]) async throws -> Tool.Outcome {
                try await Tool.run(arguments, in: folder, environment: environment)
            }
            let test = ["test", object, "--loader", "agent", "--accel", "tcg"]
            let written = try await run(["kernels", "lock", "mine"])
            #expect(written.status == 0 && written.output.hasPrefix("mine  pinned to 6.12."), "\(written)")
            #expect(try await run(["kernels", "lock"]).output.hasPrefix("mine  stays at 6.12."))
            let met = try await run(test)
            #expect(met.status == 0 && met.output.contains("kernels are those that bpfmatrix.lock pins"), "\(met)")
            let other = try await run(test + ["--kernels", "6.1"])
            #expect(other.status == 3)
            #expect(other.output.contains("bpfmatrix.lock does not say which kernel 6.1 is (it has mine)"), "\(other)")

            let lock = folder.appending("bpfmatrix.lock")
            let text = String(decoding: try lock.contents, as: UTF8.self)
            let digest = try #require(text.firstMatch(of: #/"sha256" : "([0-9a-f]{64})"/#)).1
            try lock.write(text.replacing(digest, with: String(repeating: "0", count: 64)))
            let moved = try await run(test)
            #expect(moved.status == 3 && moved.output.contains("which is not to be had any more"), "\(moved)")
            #expect(try await run(test + ["--no-lock", "--kernels", "mine"]).status == 0)
            let updated = try await run(["kernels", "lock", "--update"])
            #expect(updated.output.contains("→ 6.12."), "\(updated)")
            #expect(String(decoding: try lock.contents, as: UTF8.self) == text)
            try lock.write("<<<<<<< HEAD")
            let broken = try await run(test)
            #expect(broken.status == 3 && broken.errors.contains("damaged in a merge"), "\(broken)")
        }
    }

    @Test("doctor knows what is there, and with --deep that kernels boot")
    func doctor() async throws {
        try await withOwnStore { _, environment, _ in
            let outcome = try await Tool.run(["doctor", "--deep", "--accel", "tcg"], environment: environment)
            #expect(outcome.status == 0, "\(outcome.output)")
            #expect(outcome.output.contains("ok       QEMU"))
            #expect(outcome.output.contains("1 of 1 accepted"))

            let bare = environment.merging(["PATH": "/nowhere"]) { $1 }
            let without = try await Tool.run(["doctor"], environment: bare)
            #expect(without.status == 1)
            #expect(without.output.contains("MISSING  QEMU: runs the guests: apt-get install qemu-system-x86"))
        }
    }
}
