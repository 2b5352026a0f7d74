// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import Platform
import SystemPackage
import TestKernels
import Testing

@testable import KernelStore

/// What guests without the agent load with, out of an archive on loopback.
@Suite struct ToolsTests {
    private static let libraries = "usr/lib/\(Architecture.amd64.multiarchTuple)"

    private struct Binaries {
        let shell: [UInt8]
        /// Needs `libfirst.so.1`, which needs `libsecond.so.2`.
        let bpftool: [UInt8]
        let first: [UInt8]
        let second: [UInt8]
    }

    private func binaries(in folder: FilePath) async throws -> Binaries {
        func run(_ tool: String, _ arguments: [String]) async throws {
            let result = try await Command(tool, arguments, workingDirectory: folder).run(within: .seconds(20))
            guard result.ending.isSuccess else { throw ArchiveFixture.Failed(description: result.errorText) }
        }
        try folder.appending("x.s").write(".globl _start\n_start: ret\n")
        try await run("as", ["-o", "x.o", "x.s"])
        try await run("ld", ["-o", "shell", "x.o"])
        try await run("ld", ["-shared", "-soname", "libsecond.so.2", "-o", "second", "x.o"])
        try await run("ld", ["-shared", "-soname", "libfirst.so.1", "-o", "first", "x.o", "second"])
        try await run("ld", ["--allow-shlib-undefined", "-o", "bpftool", "x.o", "first"])
        return Binaries(
            shell: try folder.appending("shell").contents,
            bpftool: try folder.appending("bpftool").contents,
            first: try folder.appending("first").contents,
            second: try folder.appending("second").contents
        )
    }

    /// - Parameter second: the files of the package that has the second library.
    private func withArchive(
        second: @escaping @Sendable (Binaries) -> [String: [UInt8]],
        shell: @escaping @Sendable (Binaries) -> [UInt8] = { $0.shell },
        _ body: @escaping @Sendable (KernelStore, PackageArchive, Binaries) async throws -> Void
    ) async throws {
        try await withScratchFolder { folder in
            let fixture = try await ArchiveFixture(in: folder.appending("fixture"))
            let binaries = try await binaries(in: folder)
            try await fixture.addPackage("busybox-static", version: "1", files: ["usr/bin/busybox": shell(binaries)])
            try await fixture.addPackage(
                "bpftool",
                version: "7.5.0+6.12-1",
                dependencies: "absent (>= 1), libfirst1:any (>= 2) | other",
                files: ["usr/sbin/bpftool": binaries.bpftool]
            )
            try await fixture.addPackage(
                "libfirst1",
                version: "1",
                dependencies: "libsecond2",
                files: ["\(Self.libraries)/libfirst.so.1": binaries.first]
            )
            try await fixture.addPackage("libsecond2", version: "1", files: second(binaries))
            try await fixture.addPackage("unneeded", version: "1", files: ["usr/lib/x": [1]])
            try await fixture.sign()
            let store = try KernelStore(root: folder.appending("store"))
            try await fixture.served { port in
                var archive = fixture.archive(port: port)
                archive.suites = [.init(fixture.suite, release: "13")]
                try await body(store, archive, binaries)
            }
        }
    }

    private func expect(_ store: KernelStore, _ architecture: Architecture, _ tools: GuestToolset?) throws {
        let there = try store.tools(for: architecture)
        #expect(there == tools)
    }

    @Test("bpftool comes with the libraries that it needs, from package to package, and is there whole or not at all")
    func libraries() async throws {
        try await withArchive(second: { ["\(Self.libraries)/libsecond.so.2": $0.second] }) { store, archive, binaries in
            try expect(store, .amd64, nil)
            let tools = try await store.pullTools(for: .amd64, from: archive) { _ in }
            let files = Dictionary(uniqueKeysWithValues: tools.files.map { ($0.name, $0) })
            let expected = [
                GuestToolset.shell: binaries.shell, GuestToolset.bpftool: binaries.bpftool,
                "lib/libfirst.so.1": binaries.first, "lib/libsecond.so.2": binaries.second,
            ]
            #expect(Set(files.keys) == Set(expected.keys))
            for (name, bytes) in expected {
                let file = try #require(files[name])
                let kept = try store.path(of: file).contents
                #expect(kept == bytes, "\(name)")
            }
            #expect(tools.packages.map(\.name) == ["busybox-static", "bpftool", "libfirst1", "libsecond2"])
            #expect(tools.bpftoolVersion == "7.5.0+6.12-1")
            try expect(store, .amd64, tools)
            try expect(store, .arm64, nil)
            unlink(store.path(of: try #require(tools.files.last)).string)
            try expect(store, .amd64, nil)
        }
    }

    @Test("a library that no package has is told, and so is a shell that needs some")
    func missing() async throws {
        try await withArchive(second: { _ in ["usr/lib/other": [1]] }) { store, archive, _ in
            let error = await #expect(throws: KernelStoreError.self) {
                try await store.pullTools(for: .amd64, from: archive) { _ in }
            }
            let words = error.map { "\($0)" } ?? ""
            #expect(words.contains("libsecond.so.2"), "\(words)")
            try expect(store, .amd64, nil)
        }
        try await withArchive(second: { _ in [:] }, shell: { $0.bpftool }) { store, archive, _ in
            let error = await #expect(throws: KernelStoreError.self) {
                try await store.pullTools(for: .amd64, from: archive) { _ in }
            }
            let words = error.map { "\($0)" } ?? ""
            #expect(words.contains("a static busybox-static"), "\(words)")
        }
    }

    @Test("programs for another machine than they are said to be for are refused")
    func foreign() async throws {
        let changed: @Sendable (Binaries) -> [String: [UInt8]] = { binaries in
            var bytes = binaries.second
            bytes[18] = UInt8(Architecture.arm64.elfMachine)
            return ["\(Self.libraries)/libsecond.so.2": bytes]
        }
        try await withArchive(second: changed) { store, archive, _ in
            let error = await #expect(throws: KernelStoreError.self) {
                try await store.pullTools(for: .amd64, from: archive) { _ in }
            }
            guard case .refused(what: "lib/libsecond.so.2", _)? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            try expect(store, .amd64, nil)
        }
    }
}
