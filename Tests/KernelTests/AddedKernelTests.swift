// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import KernelStore
import Matrix
import SystemPackage
import TestKernels
import Testing
import VirtualMachine

extension RealKernels {
    @Suite struct AddedKernelTests {
        @Test(
            "a kernel of the user's own, with its modules compressed, is tested by its name (5.10, 6.12)",
            arguments: ["5.10", "6.12"]
        )
        func add(line: String) async throws {
            try await withScratchFolder { folder in
                let kernel = try await TestKernels.kernel(line)
                let source = try TestKernels.store
                let modules = folder.appending("modules/kernel/drivers")
                try FileManager.default.createDirectory(atPath: modules.string, withIntermediateDirectories: true)
                for module in kernel.modules {
                    let target = modules.appending(module.name)
                    try target.write(try source.path(of: module.blob).contents)
                    let packed = try await Command("xz", [target.string]).run(within: .seconds(60))
                    #expect(packed.ending.isSuccess)
                }
                let store = try KernelStore(root: folder.appending("store"))
                let added = try await store.add(
                    "mine",
                    image: source.path(of: kernel.image),
                    modules: folder.appending("modules"),
                    config: kernel.config.map { source.path(of: $0) }
                )
                #expect(added.release == kernel.release)
                #expect(added.digest == kernel.digest)
                #expect(added.modules.map(\.name) == kernel.modules.map(\.name))

                let object = try await CompiledFixture.object("good", Programs.accepted)
                let results = try await TestKernels.run(
                    [object],
                    on: [.available(spec: "mine", added)],
                    options: RunOptions(accelerator: .tcg),
                    store: store
                )
                #expect(results.verdict("good", on: "mine") == .accepted)
            }
        }

        @Test("an uncompressed vmlinux is taken too (6.12)")
        func vmlinux() async throws {
            try await withScratchFolder { folder in
                let kernel = try await TestKernels.kernel("6.12")
                let vmlinux = folder.appending("vmlinux")
                try await Self.extract(TestKernels.store.path(of: kernel.image), to: vmlinux)
                let store = try KernelStore(root: folder.appending("store"))
                let added = try await store.add("elf", image: vmlinux, modules: nil, config: nil)
                #expect(added.release == kernel.release)
                #expect(added.btf == kernel.btf)
                let object = try await CompiledFixture.object("good", Programs.accepted)
                let results = try await TestKernels.run(
                    [object],
                    on: [.available(spec: "elf", added)],
                    options: RunOptions(accelerator: .tcg),
                    store: store
                )
                #expect(results.verdict("good", on: "elf") == .accepted, "\(results.cells)")
            }
        }

        @Test("a kernel that is removed while a run uses it answers to the run's end (6.12)", arguments: [false, true])
        func removed(isCold: Bool) async throws {
            let kernel = try await TestKernels.kernel("6.12")
            let object = try await CompiledFixture.object("both", Programs.accepted + Programs.nullDereference)
            try await withScratchFolder { folder in
                let root = folder.appending("store")
                let image = try TestKernels.store.path(of: kernel.image)
                _ = try await KernelStore(root: root).add("mine", image: image)
                let store = try KernelStore(root: root)
                let selection = KernelSelection(store: store, sources: KernelSources([]))
                let selected = try await selection.select(["mine"]) { _ in }
                _ = try await KernelStore(root: root).remove("mine")
                let blobs = try FileManager.default.contentsOfDirectory(atPath: root.appending("blobs").string)
                #expect(blobs.isEmpty)
                let results = try await TestKernels.run(
                    [object],
                    on: selected,
                    options: RunOptions(loader: .agent, isCold: isCold),
                    store: store
                )
                #expect(results.summary.infrastructure == 0, "\(results.kernels.map(\.failure))")
                #expect(Set(results.cells.map(\.verdict)) == [.accepted, .rejected])
            }
        }

        /// The payload of a zstd-compressed bzImage, found by its magic number and not by the code under test.
        private static func extract(_ image: FilePath, to vmlinux: FilePath) async throws {
            let bytes = try image.contents
            let start = try #require(bytes.firstRange(of: [0x28, 0xb5, 0x2f, 0xfd])).lowerBound
            let packed = vmlinux.removingLastComponent().appending("payload.zst")
            try packed.write(Array(bytes[start...]))
            _ = try await Command("zstd", ["-dc"]).run(from: packed, to: vmlinux, within: .seconds(60))
        }
    }

    @Suite struct AcceleratorTests {
        @Test(
            "KVM, where a guest answers under it (6.12)",
            .enabled("KVM does not work on this machine") { try await KVM.works() }
        )
        func kvm() async throws {
            let object = try await CompiledFixture.object("good", Programs.accepted)
            let results = try await TestKernels.run(
                [object],
                on: try await TestKernels.selected(["6.12"]),
                options: RunOptions(accelerator: .kvm)
            )
            #expect(results.verdict("good", on: "6.12") == .accepted)
            #expect(results.kernels.map(\.accelerator) == ["kvm"])
        }
    }
}

enum KVM {
    /// Whether the tool itself, left to decide, finds that a guest answers under it.
    static func works() async throws -> Bool {
        try await withScratchFolder { folder in
            let trial = try await TestKernels.machine("6.12")
            let probe = AcceleratorProbe(memory: folder.appending("accelerator.json"))
            return try await probe.decide(.auto, trial: trial).accelerator == .kvm
        }
    }
}
