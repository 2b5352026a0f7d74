// SPDX-License-Identifier: Apache-2.0

import BPFObject
import TestObjects
import Testing

@Suite struct ExternTests {
    private static let externs = """
        enum libbpf_tristate { TRI_NO, TRI_YES, TRI_MODULE };
        struct task;
        extern int LINUX_KERNEL_VERSION __kconfig;
        extern _Bool CONFIG_BPF __kconfig;
        extern enum libbpf_tristate CONFIG_IPV6 __kconfig __weak;
        extern char CONFIG_CC[20] __kconfig __weak;
        extern unsigned long long CONFIG_WIDE __kconfig __weak;
        extern const int runqueues __ksym;
        extern const void init_task __ksym __weak;
        struct task *acquire(struct task *task) __ksym;
        void release___new(struct task *task) __ksym __weak;
        SEC("tp_btf/sched_switch") int entry(u64 *context) {
            struct task *task = acquire((void *)context[0]);
            if (CONFIG_BPF && CONFIG_IPV6 == TRI_YES && CONFIG_CC[0] && CONFIG_WIDE)
                return LINUX_KERNEL_VERSION;
            if (release___new)
                release___new(task);
            return runqueues + (u64)&init_task;
        }
        """

    @Test("what is expected of the kernel is told apart by kind", arguments: Target.allCases)
    func kinds(target: Target) throws {
        let contents = try CompiledObject.contents(Self.externs, target)
        let kinds = Dictionary(uniqueKeysWithValues: contents.externs.map { ($0.name, $0.kind) })
        #expect(
            kinds == [
                "LINUX_KERNEL_VERSION": .kernelConfiguration(.integer(bytes: 4, isSigned: true)),
                "CONFIG_BPF": .kernelConfiguration(.boolean),
                "CONFIG_IPV6": .kernelConfiguration(.tristate),
                "CONFIG_CC": .kernelConfiguration(.string(bytes: 20)),
                "CONFIG_WIDE": .kernelConfiguration(.integer(bytes: 8, isSigned: false)),
                "runqueues": .typedVariable,
                "init_task": .symbol,
                "acquire": .function,
                "release___new": .function,
            ]
        )
        let weak = Set(contents.externs.filter(\.isWeak).map(\.name))
        #expect(weak == ["CONFIG_IPV6", "CONFIG_CC", "CONFIG_WIDE", "init_task", "release___new"])
        #expect(contents.externs.first { $0.name == "release___new" }?.essentialName == "release")
    }

    @Test("the configuration's values share a map that is laid out as libbpf does", arguments: Target.allCases)
    func configuration(target: Target) throws {
        let map = try #require(try CompiledObject.contents(Self.externs, target).map(".kconfig"))
        #expect(map.origin == .kernelConfiguration)
        // 8, then 4 and 4, then 1 and 20.
        #expect(map.definition.valueSize == 37)
        #expect(map.definition.flagNames == ["BPF_F_RDONLY_PROG", "BPF_F_MMAPABLE"])
        #expect(map.definition.valueType != 0)
    }

    @Test("calls of the kernel's functions, and uses of its variables, have their place", arguments: Target.allCases)
    func uses(target: Target) throws {
        let program = try #require(try CompiledObject.contents(Self.externs, target).program(named: "entry"))
        #expect(program.kernelFunctionCalls.map(\.thing.name) == ["acquire", "release___new"])
        #expect(program.helperCalls.isEmpty)
        let call = try #require(program.kernelFunctionCalls.first)
        #expect(program.source(atInstruction: call.instruction)?.text.contains("acquire((void *)context[0])") == true)
        let variables = Set(program.externVariables.map(\.thing.name))
        #expect(
            variables.isSuperset(of: ["LINUX_KERNEL_VERSION", "CONFIG_BPF", "runqueues", "init_task", "release___new"])
        )
    }

    @Test("an extern that nobody could resolve is refused")
    func unknown() throws {
        let code = """
            extern int somewhere;
            SEC("xdp") int entry(void *context) { return somewhere; }
            """
        let bytes = try CompiledObject.bytes(code)
        #expect(throws: BPFObjectError.unknownExtern("somewhere", section: nil)) { try ObjectContents(bytes) }
    }
}
