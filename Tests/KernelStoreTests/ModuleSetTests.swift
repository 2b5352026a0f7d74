// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import KernelProfile
import SystemPackage
import TestKernels
import TestObjects
import Testing

@testable import KernelStore

/// All modules of a kernel, as they come: compressed, plain, damaged.
@Suite struct ModuleSetTests {
    private struct Fixture {
        let folder: FilePath
        let store: KernelStore
        let modules: FilePath

        func add(_ name: String) async throws -> Kernel {
            let image = folder.appending("image")
            try image.write(FakeKernel.image(release: "6.9.0-mine", payload: try await FakeKernel.payload(in: folder)))
            return try await store.add(name, image: image, modules: modules)
        }

        /// - Parameter tool: what compresses it, where something does.
        func write(_ name: String, _ bytes: [UInt8], _ tool: String? = nil) async throws {
            let file = modules.appending(name)
            try file.write(bytes)
            guard let tool else { return }
            let options = tool == "zstd" ? ["-q", "--rm"] : ["-q"]
            #expect(try await Command(tool, options + [file.string]).run(within: .seconds(60)).ending.isSuccess)
        }
    }

    private func withFixture(_ body: (Fixture) async throws -> Void) async throws {
        try await withScratchFolder { folder in
            let modules = folder.appending("modules")
            try FileManager.default.createDirectory(atPath: modules.string, withIntermediateDirectories: true)
            let store = try KernelStore(root: folder.appending("store"))
            let fixture = Fixture(folder: folder, store: store, modules: modules)
            let base = try ModuleFixture.bytes(functions: ["shared"])
            try await fixture.write("net-base.ko", base)
            try await fixture.write("net_x.ko", try ModuleFixture.bytes(dependencies: ["net-base"]), "xz")
            try await fixture.write("net_g.ko", try ModuleFixture.bytes(tracepoints: ["seen"]), "gzip")
            try await fixture.write("net_z.ko", try ModuleFixture.bytes(functions: ["own"]), "zstd")
            try await body(fixture)
        }
    }

    @Test("modules are indexed and brought, however they were compressed; what is none is left out")
    func whole() async throws {
        try await withFixture { fixture in
            try await fixture.write("words.ko", Array("no module".utf8))
            try await fixture.write("torn.ko.xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 1, 2])
            try await fixture.write("other.ko.xz", Array("no xz".utf8))
            let outside = fixture.folder.appending("outside.ko")
            try outside.write(try ModuleFixture.bytes(functions: ["outside"]))
            try FileManager.default.createSymbolicLink(
                atPath: fixture.modules.appending("link.ko").string,
                withDestinationPath: outside.string
            )
            let kernel = try await fixture.add("one")
            let index = try #require(try await fixture.store.moduleIndex(of: kernel))
            #expect(index.modules.map(\.name) == ["net_base", "net_g", "net_x", "net_z"])
            #expect(index.modules(having: KernelName(.symbol, "own")) == ["net_z"])
            #expect(index.modules(having: KernelName(.tracepoint, "seen")) == ["net_g"])
            #expect(index.order(of: ["net_x"]) == ["net_base", "net_x"])
            let files = try await fixture.store.modules(["net_x", "net_base"], of: kernel)
            #expect(files.map(\.name) == ["net_x", "net_base"])
            await #expect(throws: KernelStoreError.self) {
                try await fixture.store.modules(["absent"], of: kernel)
            }
            #expect(files.last?.bytes == (try ModuleFixture.bytes(functions: ["shared"])))
        }
    }

    @Test("the same files are not taken in again; files that were changed are")
    func again() async throws {
        try await withFixture { fixture in
            let one = try await fixture.add("one")
            let two = try await fixture.add("two")
            #expect(one.allModules == two.allModules)
            try await fixture.write("net_z.ko", try ModuleFixture.bytes(functions: ["another"]))
            let three = try await fixture.add("three")
            #expect(three.allModules?.contents != one.allModules?.contents)
            let index = try #require(try await fixture.store.moduleIndex(of: three))
            #expect(!index.modules(having: KernelName(.symbol, "another")).isEmpty)
        }
    }

    @Test("one that unpacks to too much costs none of the others, and of two that in updates is taken")
    func beside() async throws {
        try await withFixture { fixture in
            // The first by name: the tool is ended over it before it comes to the others.
            try await fixture.write("a_large.ko", [UInt8](repeating: 0, count: FileLimit.module + 4096), "xz")
            try await fixture.write("net_y.ko", try ModuleFixture.bytes(functions: ["kept"]), "xz")
            for folder in ["updates/dkms", "kernel"] {
                let path = fixture.modules.appending(folder)
                try FileManager.default.createDirectory(atPath: path.string, withIntermediateDirectories: true)
                let function = folder == "kernel" ? "usual" : "updated"
                try await fixture.write("\(folder)/twice.ko", try ModuleFixture.bytes(functions: [function]))
            }
            let kernel = try await fixture.add("one")
            let index = try #require(try await fixture.store.moduleIndex(of: kernel))
            #expect(!index.has("a_large") && index.has("net_y") && index.has("net_x"))
            #expect(index.modules(having: KernelName(.symbol, "updated")) == ["twice"])
            #expect(index.modules(having: KernelName(.symbol, "usual")).isEmpty)
        }
    }

    @Test("a kernel without modules has none, and one whose index was damaged says so")
    func damaged() async throws {
        try await withFixture { fixture in
            let image = fixture.folder.appending("image")
            let payload = try await FakeKernel.payload(in: fixture.folder)
            try image.write(FakeKernel.image(release: "6.9.0-bare", payload: payload))
            let bare = try await fixture.store.add("bare", image: image)
            #expect(bare.isComplete)
            #expect(try await fixture.store.moduleIndex(of: bare) == nil)
            #expect(try await fixture.store.modules(["net_x"], of: bare).isEmpty)
            let kernel = try await fixture.add("one")
            let blob = try #require(kernel.allModules?.index)
            let path = fixture.store.path(of: blob)
            #expect(chmod(path.string, 0o600) == 0)
            try path.write("words")
            await #expect(throws: KernelStoreError.self) { try await fixture.store.moduleIndex(of: kernel) }
        }
    }

    @Test("modules travel with their kernel")
    func transfer() async throws {
        try await withFixture { fixture in
            let kernel = try await fixture.add("one")
            let file = fixture.folder.appending("kernels.tar.zst")
            _ = try await fixture.store.export([], to: file)
            let there = try KernelStore(root: fixture.folder.appending("there"))
            let imported = try await there.importKernels(from: file)
            let arrived = try #require(imported.first?.kernel)
            #expect(arrived.allModules?.contents == kernel.allModules?.contents)
            let index = try #require(try await there.moduleIndex(of: arrived))
            #expect(index.modules.count == 4)
            #expect(try await there.modules(["net_z"], of: arrived).count == 1)
        }
    }
}
