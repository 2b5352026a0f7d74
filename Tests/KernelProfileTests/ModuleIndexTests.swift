// SPDX-License-Identifier: Apache-2.0

import BTF
import ELF
import TestBTF
import TestObjects
import Testing

@testable import KernelProfile

@Suite struct ModuleIndexTests {
    /// A kernel with a function, a structure and a tracepoint, and a module's types after them.
    private struct Types {
        var kernel = TypeBlob()
        var module: TypeBlob

        init() throws {
            let int = kernel.integer("int", size: 4)
            let prototype = kernel.prototype(returning: int, [])
            _ = kernel.function("do_exit", prototype)
            _ = kernel.structure("task_struct", size: 4, [.init("pid", int, at: 0)])
            _ = kernel.typedef("btf_trace_sched_switch", int)
            module = TypeBlob(after: kernel)
            _ = module.function("nf_conntrack_in", prototype)
            // A copy that was not recognised as one of the kernel's own.
            _ = module.structure("task_struct", size: 4, [.init("pid", int, at: 0)])
            _ = module.structure("nf_conn", size: 4, [.init("status", int, at: 0)])
            _ = module.structure("bpf_struct_ops_greeting", size: 4, [.init("value", int, at: 0)])
            _ = module.typedef("btf_trace_kvm_exit", int)
        }
    }

    @Test("a module's file says what it depends on, and what it has")
    func exports() throws {
        let types = try Types()
        let bytes = try ModuleFixture.bytes(
            dependencies: ["nf-defrag-ipv4", "libcrc32c"],
            functions: ["nf_conntrack_in", "hidden", "__pfx_hidden"],
            tracepoints: ["seen"],
            kfuncs: ["bpf_ct_release", "bpf_skb_ct_lookup"],
            types: types.module.bytes
        )
        let module = try ModuleExports(bytes, named: "nf_conntrack", kernel: try types.kernel.read())
        #expect(module.dependencies == ["nf_defrag_ipv4", "libcrc32c"])
        #expect(module.hasTypes)
        #expect(
            module.names.map(\.description).sorted() == [
                "func nf_conntrack_in", "kfunc bpf_ct_release", "kfunc bpf_skb_ct_lookup",
                "struct bpf_struct_ops_greeting", "struct nf_conn", "struct task_struct", "struct_ops greeting",
                "symbol hidden", "tracepoint kvm_exit", "tracepoint seen",
            ]
        )
    }

    @Test("of a module without types its symbols are known")
    func withoutTypes() throws {
        let bytes = try ModuleFixture.bytes(functions: ["nf_conntrack_in"], tracepoints: ["seen"])
        let module = try ModuleExports(bytes, named: "m", kernel: nil)
        #expect(!module.hasTypes)
        #expect(module.names == [KernelName(.symbol, "nf_conntrack_in"), KernelName(.tracepoint, "seen")])
    }

    @Test("types that are damaged are none, and what is no module is refused")
    func damaged() throws {
        let module = try ModuleExports(
            try ModuleFixture.bytes(functions: ["f"], types: [0x9f, 0xeb, 1]),
            named: "m",
            kernel: try Types().kernel.read()
        )
        #expect(!module.hasTypes)
        #expect(throws: (any Error).self) { try ModuleExports([1, 2, 3], named: "m", kernel: nil) }
        #expect(ModuleExports.dependencies(of: [1, 2, 3]) == nil)
    }

    @Test("names that begin at every byte of one string, thousands of them, are refused")
    func overlappingNames() throws {
        let strings = [0] + [UInt8](repeating: UInt8(ascii: "a"), count: 4000) + [0]
        var kernel = TypeBlob()
        _ = kernel.integer("int", size: 4)
        let kernelTypes = try kernel.read()
        func word(_ value: Int) -> [UInt8] { withUnsafeBytes(of: UInt32(value).littleEndian) { Array($0) } }
        let firstString = kernel.bytes.count - 24 - 16
        // Empty structures, each with a name of its own.
        let types = (1...4000).flatMap { word(firstString + $0) + word(4 << 24) + word(1) }
        let header =
            [0x9f, 0xeb, 1, 0] + word(24) + word(0) + word(types.count) + word(types.count) + word(strings.count)
        let bytes = try ModuleFixture.bytes(functions: ["f"], types: header + types + strings)
        #expect(throws: ELFError.namesTooLong) { try ModuleExports(bytes, named: "m", kernel: kernelTypes) }
    }

    private func index() throws -> ModuleIndex {
        let types = try Types()
        let kernel = try types.kernel.read()
        let base = try ModuleExports(
            try ModuleFixture.bytes(kfuncs: ["bpf_ct_release"], types: types.module.bytes),
            named: "nf_conntrack",
            kernel: kernel
        )
        let user = try ModuleExports(
            try ModuleFixture.bytes(dependencies: ["nf_conntrack", "built_in"], types: types.module.bytes),
            named: "nf_nat",
            kernel: kernel
        )
        return ModuleIndex([user, base], kernel: kernel)
    }

    @Test("the index knows who has a name, and of what the kernel has itself nobody")
    func lookups() throws {
        let index = try index()
        #expect(index.modules(having: KernelName(.structure, "nf_conn")) == ["nf_conntrack", "nf_nat"])
        #expect(index.modules(having: KernelName(.kfunc, "bpf_ct_release")) == ["nf_conntrack"])
        #expect(index.modules(having: KernelName(.structure, "task_struct")).isEmpty)
        #expect(index.modules(having: KernelName(.union, "nf_conn")).isEmpty)
        #expect(index.modules(having: KernelName(.function, "no_such")).isEmpty)
        #expect(index.order(of: ["nf_nat"]) == ["nf_conntrack", "nf_nat"])
        #expect(index.order(of: ["built_in"]).isEmpty)
        #expect(index.has("nf_nat") && !index.has("built_in"))
        #expect(index.count(of: .kfunc) == 1)
        #expect(index.hasTypes)
    }

    @Test("it is read as it was written, and bytes that are no index are refused wherever they are cut or changed")
    func form() throws {
        let index = try index()
        let bytes = try index.encoded()
        let read = try ModuleIndex(bytes)
        #expect(read == index)
        for length in 0..<bytes.count {
            #expect(throws: KernelProfile.Refusal.self) { try ModuleIndex(Array(bytes.prefix(length))) }
        }
        #expect(throws: KernelProfile.Refusal.self) { try ModuleIndex(bytes + [0]) }
        for place in bytes.indices {
            var changed = bytes
            changed[place] ^= 0xff
            // Refused or read, nothing traps, not even when it is asked.
            guard let read = try? ModuleIndex(changed) else { continue }
            _ = read.modules(having: KernelName(.structure, "nf_conn"))
            _ = read.order(of: read.modules.map(\.name))
        }
    }

    @Test("modules come after those that they need; cycles and missing ones end")
    func order() {
        let graph = ["virtio_pci": ["virtio-ring", "virtio"], "virtio_ring": ["virtio"], "virtio": ["virtio_pci"]]
        let order = ModuleOrder.order(of: ["virtio_pci", "absent"]) { graph[$0] }
        #expect(order == ["virtio", "virtio_ring", "virtio_pci"])
    }

    @Test("a chain of modules as long as a file can make it takes no stack")
    func chain() {
        let order = ModuleOrder.order(of: ["0"]) { name in Int(name).map { $0 < 200_000 ? ["\($0 + 1)"] : [] } }
        #expect(order.count == 200_001 && order.first == "200000")
    }
}
