// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import BPFObject

@Suite struct SectionTests {
    @Test(
        "a section's name says the attach type, and whether the program may sleep",
        arguments: [
            ("kprobe/do_exit", nil, false), ("kprobe.multi/vfs_*", "trace_kprobe_multi", false),
            ("uprobe.multi.s/a:b", "trace_uprobe_multi", true), ("fentry/do_exit", "trace_fentry", false),
            ("fexit.s/do_exit", "trace_fexit", true), ("fmod_ret/f", "modify_return", false),
            ("tp_btf/sched_switch", "trace_raw_tp", false), ("lsm.s/file_open", "lsm_mac", true),
            ("lsm_cgroup/bind", "lsm_cgroup", false), ("iter.s/task", "trace_iter", true), ("syscall", nil, true),
            ("xdp", "xdp", false), ("xdp.frags/devmap", "xdp_devmap", false), ("tc", nil, false),
            ("tcx/egress", "tcx_egress", false), ("cgroup_skb/ingress", "cgroup_inet_ingress", false),
            ("cgroup/skb", nil, false), ("cgroup/getsockname6", "cgroup_inet6_getsockname", false),
            ("struct_ops.s/init", nil, true), ("sk_reuseport/migrate", "sk_reuseport_select_or_migrate", false),
        ] as [(String, String?, Bool)]
    )
    func attachTypes(section: String, name: String?, isSleepable: Bool) throws {
        let definition = try #require(SectionDefinition.definition(of: section))
        #expect(definition.attachType.map(AttachType.name) == name)
        #expect(definition.isSleepable == isSleepable)
    }

    @Test("every definition with an attach type names one that there is")
    func numbers() {
        #expect(SectionDefinition.all.count == 105)
        #expect(SectionDefinition.all.count { $0.attachType == nil } == 31)
    }

    @Test(
        "a section's name says what the program is for",
        arguments: [
            ("kprobe/do_exit", .probedFunction(name: "do_exit", offset: 0)),
            ("kretprobe/do_exit+0x10", .probedFunction(name: "do_exit", offset: 16)),
            ("kprobe", nil), ("kprobe/", nil), ("kprobe.multi/vfs_*", .functionPattern("vfs_*")),
            ("fentry/nf_nat:nf_nat_manip_pkt", .tracedFunction(name: "nf_nat_manip_pkt", module: "nf_nat")),
            ("fexit.s/do_exit", .tracedFunction(name: "do_exit", module: nil)), ("fentry", nil),
            ("tp/sched/sched_switch", .tracepoint(category: "sched", name: "sched_switch")), ("tp/sched", nil),
            ("raw_tp/sched_switch", .rawTracepoint("sched_switch")),
            ("tp_btf/sched_switch", .typedTracepoint("sched_switch")), ("lsm/file_open", .securityHook("file_open")),
            ("iter/task", .iterator("task")), ("ksyscall/openat2", .systemCall("openat2")),
            ("uprobe/libc.so:malloc", .userFunction("libc.so:malloc")), ("freplace/f", .programFunction("f")),
            ("struct_ops/init", nil), ("xdp/devmap", nil), ("tcx/ingress", nil),
        ] as [(String, AttachTarget?)]
    )
    func targets(section: String, target: AttachTarget?) {
        #expect(BPFProgram(name: "program", section: section).target == target)
        #expect(BPFProgram(name: "program", section: "?" + section).target == target)
    }

    @Test("what the kernel's types must have before a program can be loaded is told by its kernel name")
    func required() throws {
        func name(_ section: String) -> String? { BPFProgram(name: "p", section: section).target?.requiredType?.name }
        #expect(name("fentry/do_exit") == "do_exit")
        #expect(name("tp_btf/sched_switch") == "btf_trace_sched_switch")
        #expect(name("lsm/file_open") == "bpf_lsm_file_open")
        #expect(name("iter/task") == "bpf_iter_task")
        #expect(name("kprobe/do_exit") == nil)
    }
}
