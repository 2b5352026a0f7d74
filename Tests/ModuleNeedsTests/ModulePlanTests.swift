// SPDX-License-Identifier: Apache-2.0

import BPFObject
import BTF
import KernelProfile
import TestBTF
import TestObjects
import Testing

@testable import ModuleNeeds

@Suite struct ModulePlanTests {
    private static let object = """
        #define core __attribute__((preserve_access_index))
        struct nf_conn___mine { u64 status; } core;
        struct asked { int x; } core;
        struct own { int x; };
        extern int bpf_ct_release(void *conn) __ksym __weak;
        u64 seen;
        SEC("fentry/nf_conntrack_in") int traced(void *context) { return 0; }
        SEC("tp_btf/kvm_exit") int pointed(void *context) { return 0; }
        SEC("fentry/vmlinux:do_exit") int kernels(void *context) { return 0; }
        SEC("fexit/nf_nat:nf_nat_inet_fn") int explicit(void *context) { return 0; }
        SEC("kprobe/nf_conntrack_confirm") int probed(struct nf_conn___mine **context)
        {
            seen = __builtin_preserve_type_info(*(struct asked *)0, 0);
            seen += (*context)->status;
            return bpf_ct_release ? bpf_ct_release(context) : 0;
        }
        """

    private func needed() throws -> NeededNames { NeededNames(of: try CompiledObject.contents(Self.object)) }

    @Test("an object needs its targets, the types that it reads, and what it calls; not what it only asks for")
    func names() throws {
        let needed = try needed()
        #expect(
            Set(needed.names.map(\.description)) == [
                "func nf_conntrack_in", "tracepoint kvm_exit", "func nf_nat_inet_fn", "struct nf_conn",
                "func bpf_ct_release",
            ]
        )
        #expect(needed.modules == [KernelName(.function, "nf_nat_inet_fn"): ["nf_nat"]])
    }

    /// `nf_conntrack`, which `nf_nat` and `xt_state` depend on; the structure is in all of them.
    private func index(hasTypes: Bool = true) throws -> ModuleIndex {
        var kernel = TypeBlob()
        let int = kernel.integer("int", size: 4)
        let prototype = kernel.prototype(returning: int, [])
        let types = try kernel.read()
        func module(
            _ name: String,
            after below: [String],
            functions: [String] = [],
            structures: [String] = [],
            typedefs: [String] = []
        ) throws -> ModuleExports {
            var blob = TypeBlob(after: kernel)
            for function in functions { _ = blob.function(function, prototype) }
            for structure in structures { _ = blob.structure(structure, size: 4, [.init("status", int, at: 0)]) }
            for typedef in typedefs { _ = blob.typedef(typedef, int) }
            let bytes = try ModuleFixture.bytes(
                dependencies: below,
                functions: functions,
                types: hasTypes ? blob.bytes : nil
            )
            return try ModuleExports(bytes, named: name, kernel: types)
        }
        return ModuleIndex(
            [
                try module(
                    "nf_conntrack",
                    after: ["nf_defrag"],
                    functions: ["nf_conntrack_in", "bpf_ct_release"],
                    structures: ["nf_conn"]
                ),
                try module("nf_defrag", after: [], functions: ["defrag"]),
                try module("nf_nat", after: ["nf_conntrack"], functions: ["nf_nat_inet_fn"], structures: ["nf_conn"]),
                try module("a_state", after: ["nf_conntrack"], structures: ["nf_conn", "asked"]),
                try module("kvm", after: [], typedefs: ["btf_trace_kvm_exit"]),
            ],
            kernel: types
        )
    }

    @Test("modules come after those that they depend on, and each is there for what it has")
    func plan() throws {
        let plan = ModulePlan(for: try needed(), in: try index())
        #expect(plan.order == ["nf_defrag", "nf_conntrack", "kvm", "nf_nat"])
        #expect(plan.needs.map(\.module) == ["nf_conntrack", "kvm", "nf_nat"])
        #expect(
            plan.needs.first.map { Set($0.names.map(\.description)) } == [
                "func nf_conntrack_in", "struct nf_conn", "func bpf_ct_release",
            ]
        )
    }

    @Test("sections that name modules have these, whatever else has the same function")
    func named() throws {
        let code = """
            SEC("fentry/a_state:nf_conntrack_in") int one(void *ctx) { return 0; }
            SEC("fentry/nf_nat:nf_conntrack_in") int two(void *ctx) { return 0; }
            SEC("fentry/nf_conntrack_in") int three(void *ctx) { return 0; }
            """
        let plan = ModulePlan(for: NeededNames(of: try CompiledObject.contents(code)), in: try index())
        #expect(Set(plan.needs.map(\.module)) == ["a_state", "nf_nat", "nf_conntrack"])
    }

    @Test("a type that many modules repeat belongs to the one that the others depend on")
    func fundamental() throws {
        let code = """
            struct nf_conn { u64 status; } __attribute__((preserve_access_index));
            SEC("kprobe/f") int probed(struct nf_conn **context) { return (*context)->status; }
            """
        let plan = ModulePlan(for: NeededNames(of: try CompiledObject.contents(code)), in: try index())
        #expect(plan.needs.map(\.module) == ["nf_conntrack"])
    }

    @Test("modules without types are of no use to what is found by types")
    func withoutTypes() throws {
        #expect(ModulePlan(for: try needed(), in: try index(hasTypes: false)).isEmpty)
    }

    @Test("an object that needs nothing of modules loads none")
    func nothing() throws {
        let code = "SEC(\"fentry/do_exit\") int traced(void *context) { return 0; }"
        let plan = ModulePlan(for: NeededNames(of: try CompiledObject.contents(code)), in: try index())
        #expect(plan == .none)
    }
}
