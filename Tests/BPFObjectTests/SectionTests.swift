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
            ("kprobe/do_exit+010", .probedFunction(name: "do_exit", offset: 8)),
            ("kprobe/do_exit+10", .probedFunction(name: "do_exit", offset: 10)),
            ("kprobe/do_exit+0X1fz", .probedFunction(name: "do_exit", offset: 31)),
            ("kprobe/do_exit+08", .probedFunction(name: "do_exit", offset: 0)),
            ("kprobe/do_exit+-4", .probedFunction(name: "do_exit", offset: -4)),
            ("kprobe/do_exit+word", .probedFunction(name: "do_exit", offset: 0)),
            ("kprobe/do_exit+99999999999999999999", .probedFunction(name: "do_exit", offset: .max)),
            ("kprobe", nil), ("kprobe/", nil), ("kprobe.multi/vfs_*", .functionPattern("vfs_*")),
            ("fentry/nf_nat:nf_nat_manip_pkt", .tracedFunction(name: "nf_nat_manip_pkt", module: "nf_nat")),
            ("fexit.s/do_exit", .tracedFunction(name: "do_exit", module: nil)), ("fentry", nil),
            ("tp/sched/sched_switch", .tracepoint(category: "sched", name: "sched_switch")), ("tp/sched", nil),
            ("raw_tp/sched_switch", .rawTracepoint("sched_switch")),
            ("tp_btf/sched_switch", .typedTracepoint(name: "sched_switch", module: nil)),
            ("lsm/file_open", .securityHook(name: "file_open", module: nil)),
            ("lsm.s/vmlinux:file_open", .securityHook(name: "file_open", module: "vmlinux")),
            ("tp_btf/kvm:kvm_exit", .typedTracepoint(name: "kvm_exit", module: "kvm")),
            ("iter.s/mod:thing", .iterator(name: "thing", module: "mod")),
            ("iter/task", .iterator(name: "task", module: nil)), ("ksyscall/openat2", .systemCall("openat2")),
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

    @Test(
        "where the types of a target are looked for is told by what stands before the colon",
        arguments: [
            ("lsm/file_open", .kernelOrModules), ("lsm/vmlinux:file_open", .kernel), ("iter/vm:task", .kernel),
            ("tp_btf/kvm:kvm_exit", .module("kvm")), ("fentry/:do_exit", .kernelOrModules),
            ("fexit/nf_nat:nf_nat_manip_pkt", .module("nf_nat")),
        ] as [(String, AttachTarget.Home)]
    )
    func homes(section: String, home: AttachTarget.Home) throws {
        let target = try #require(BPFProgram(name: "p", section: section).target)
        #expect(target.home == home)
        #expect(!target.name.contains(":"))
        #expect(target.requiredType?.name.contains(":") == false)
    }
}
