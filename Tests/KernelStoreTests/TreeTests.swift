// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage
import TestKernels
import Testing

@testable import KernelStore

/// Trees that stand in for Linux: their makefiles do what the kernel's do with the same targets, with a made-up image.
@Suite struct TreeTests {
    /// - Parameters:
    ///   - dropped: what `olddefconfig` drops, as Kconfig does with what a tree does not have.
    ///   - recipe: what building the image comes to.
    private func tree(
        in folder: FilePath,
        dropped: [String] = [],
        recipe: String = "cp image $(O)/arch/x86/boot/bzImage"
    )
        async throws -> FilePath
    {
        let tree = folder.appending("linux")
        try FileManager.default.createDirectory(atPath: tree.string, withIntermediateDirectories: true)
        try tree.appending("Kconfig").write("")
        try tree.appending("image").write(
            FakeKernel.image(release: "6.9.0-mine", payload: try await FakeKernel.payload(in: folder))
        )
        let drop = dropped.map { "sed -i '/^CONFIG_\($0)=/d' $(O)/.config" }.joined(separator: "\n\t")
        try tree.appending("Makefile").write(
            """
            tinyconfig:
            \techo CONFIG_TINY=y > $(O)/.config
            olddefconfig:
            \t\(drop.isEmpty ? "true" : drop)
            bzImage:
            \tmkdir -p $(O)/arch/x86/boot
            \t\(recipe)
            modules:
            \ttrue

            """
        )
        return tree
    }

    private func build(
        _ tree: FilePath,
        base: String = "tinyconfig",
        in store: KernelStore
    ) async throws -> (Kernel, [String]) {
        let (notes, continuation) = AsyncStream.makeStream(of: String.self)
        let build = TreeBuild(tree: tree, output: store.buildFolder(of: "mine"), base: base, jobs: 1)
        let kernel = try await store.build("mine", build) { progress in
            if case .note(let text) = progress { continuation.yield(text) }
        }
        continuation.finish()
        var told: [String] = []
        for await note in notes { told.append(note) }
        return (kernel, told)
    }

    @Test("a tree is built outside itself, upon the base, with all that BPF needs, and replaced when it is built again")
    func built() async throws {
        try await withScratchFolder { folder in
            let store = try KernelStore(root: folder.appending("store"))
            let tree = try await tree(in: folder)
            let (kernel, notes) = try await build(tree, in: store)
            #expect(kernel.release == "6.9.0-mine" && kernel.isOwn)
            #expect(notes.isEmpty)
            let config = String(decoding: try store.path(of: try #require(kernel.config)).contents, as: UTF8.self)
            #expect(config.contains("CONFIG_TINY=y\n") && config.contains("CONFIG_BPF_SYSCALL=y\n"))
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: tree.string).sorted() == [
                    "Kconfig", "Makefile", "image",
                ]
            )
            _ = try await build(tree, in: store)
            #expect(try store.kernels().count == 1)
        }
    }

    @Test("what does not stick is told; what no guest can do without fails before anything is built")
    func sticking() async throws {
        try await withScratchFolder { folder in
            let store = try KernelStore(root: folder.appending("store"))
            let (_, notes) = try await build(
                try await tree(in: folder, dropped: ["DEBUG_INFO_BTF", "BPF_LSM"]),
                in: store
            )
            #expect(notes.count == 2)
            #expect(
                notes.contains {
                    $0.contains("CONFIG_DEBUG_INFO_BTF=y is not kept by this tree") && $0.contains("dwarves")
                }
            )
            let error = await #expect(throws: TreeBuildError.self) {
                try await build(try await tree(in: folder, dropped: ["VIRTIO_PCI"], recipe: "false"), in: store)
            }
            #expect(error == .doesNotStick(["CONFIG_VIRTIO_PCI=y"]))
        }
    }

    @Test("a file can be built upon")
    func base() async throws {
        try await withScratchFolder { folder in
            let store = try KernelStore(root: folder.appending("store"))
            let base = folder.appending("my.config")
            try base.write("CONFIG_FROM_FILE=y\n")
            let (kernel, _) = try await build(try await tree(in: folder), base: base.string, in: store)
            let config = String(decoding: try store.path(of: try #require(kernel.config)).contents, as: UTF8.self)
            #expect(config.contains("CONFIG_FROM_FILE=y\n") && !config.contains("CONFIG_TINY"))
        }
    }

    @Test("a build that fails shows its last words, what is no tree is told, and no other kernel is replaced")
    func failures() async throws {
        try await withScratchFolder { folder in
            let store = try KernelStore(root: folder.appending("store"))
            let broken = try await tree(in: folder, recipe: "echo verifier.c:1: error: no such thing; false")
            let error = await #expect(throws: TreeBuildError.self) { try await build(broken, in: store) }
            #expect(error.map { "\($0)" }?.contains("verifier.c:1: error: no such thing") == true)
            #expect(try store.kernels().isEmpty)
            await #expect(throws: TreeBuildError.noTree(folder.string)) { try await build(folder, in: store) }
            await #expect(throws: TreeBuildError.noBase("no/such/file")) {
                try await build(broken, base: "no/such/file", in: store)
            }
            let whole = try await tree(in: folder)
            _ = try await store.add("mine", image: whole.appending("image"))
            await #expect(throws: KernelStoreError.nameTaken(name: "mine")) { try await build(whole, in: store) }
        }
    }
}
