// SPDX-License-Identifier: Apache-2.0

import ELF
import Foundation
import GuestProtocol
import KernelStore
import Matrix
import Results
import SystemPackage
import TestKernels
import Testing

extension RealKernels {
    /// Kernels without type information of their own, as those of vendors before 5.10 are.
    @Suite struct ForeignTypesTests {
        /// What 5.10 is when it can't read its own types: their magic number is damaged where the kernel looks for it, and
        /// the section has another name where the store does.
        private func kernelWithoutTypes(in folder: FilePath) async throws -> FilePath {
            let kernel = try await TestKernels.kernel("5.10")
            let store = try TestKernels.store
            var bytes = try store.path(of: try #require(kernel.uncompressed)).contents
            let section = try #require(try ELFFile(bytes).section(named: ".BTF"))
            bytes[Int(section.offset)] = 0
            let name = try #require(bytes.lastRange(of: Array("\0.BTF\0".utf8)))
            bytes[name.lowerBound + 2] = UInt8(ascii: "N")
            let image = folder.appending("vmlinux")
            try image.write(bytes)
            return image
        }

        /// A CO-RE program that attaches by name, and one that the kernel's own types must say where to.
        private static let both = """
            SEC("kprobe/do_unlinkat") int by_name(struct pt_regs *ctx)
            {
                struct task_struct *task = (void *)bpf_get_current_task();
                return BPF_CORE_READ(task, tgid) == 1;
            }
            SEC("fentry/do_unlinkat") int BPF_PROG(by_type, int dfd) { return 0; }

            """

        @Test("CO-RE goes by types from outside; what needs the kernel's own is unsupported, and not rejected (5.10)")
        func external() async throws {
            try await withScratchFolder { folder in
                let types = try await TestKernels.kernel("5.10")
                let source = try TestKernels.store
                let store = try KernelStore(root: folder.appending("store"))
                let image = try await kernelWithoutTypes(in: folder)
                let modules = folder.appending("modules")
                try FileManager.default.createDirectory(atPath: modules.string, withIntermediateDirectories: true)
                for module in types.modules {
                    try modules.appending(module.name).write(try source.path(of: module.blob).contents)
                }
                let without = try await store.add("without", image: image, modules: modules)
                let with = try await store.add(
                    "with",
                    image: image,
                    modules: modules,
                    btf: source.path(of: try #require(types.btf))
                )
                #expect(without.btf == nil && with.isBTFExternal)
                let object = try await CompiledFixture.object("both", Self.both)
                for strategy in LoadStrategy.allCases {
                    let results = try await TestKernels.run(
                        [object],
                        on: [.available(spec: "without", without), .available(spec: "with", with)],
                        options: RunOptions(loader: .agent, strategy: strategy, accelerator: .tcg),
                        store: store
                    )
                    #expect(results.verdict("by_name", on: "with") == .accepted, "\(results.cells)")
                    #expect(results.verdict("by_type", on: "with") == .unsupported)
                    #expect(results.verdict("by_name", on: "without") == .unsupported)
                    #expect(results.verdict("by_type", on: "without") == .unsupported)
                    #expect(results.cell("by_type", on: "with")?.message?.contains("no BTF of its own") == true)
                }
            }
        }
    }
}
