// SPDX-License-Identifier: Apache-2.0

import BPFObject
import BTF
import KernelProfile
import VerifierLog

/// What is demanded of tables of functions that the kernel calls (`struct_ops`), and of the programs that stand in them.
struct StructOpsRequirements {
    private let object: CheckedObject
    private let kernel: CheckedKernel

    init(_ object: CheckedObject, _ kernel: CheckedKernel) {
        self.object = object
        self.kernel = kernel
    }

    func check(_ map: BPFMap, _ findings: inout Findings) {
        checkLink(map, &findings)
        guard kernel.knownTypes != nil, let local = object.contents.types,
            let structure = local.resolved(map.definition.valueType)
        else {
            findings.cannotTell(
                Reason(.structOpsLacking, "it is not known whether this kernel has the structure of \(map.name)")
            )
            return
        }
        let name = structure.name.essential
        guard let found = kernel.find("bpf_struct_ops_\(name)", .structure),
            let own = found.types.id(named: name, kind: .structure).flatMap({ found.types.type($0) })
        else {
            if let absence = kernel.absence(of: name) {
                findings.fails(absence)
                return
            }
            if let option = kernel.leftOut(.of(structure: name)) {
                findings.fails(.configurationOff(option, for: "programs that implement struct \(name)"))
                return
            }
            findings.fails(
                Reason(
                    .structOpsLacking,
                    "this kernel does not let programs implement struct \(name)",
                    cure: "leave \(map.name) out on such kernels: SEC(\"?.struct_ops\")"
                )
            )
            return
        }
        let members = Set(own.members.map { $0.name.text })
        for member in structure.members where !members.contains(member.name.text) {
            findings.cannotTell(
                Reason(
                    .structOpsLacking,
                    "struct \(name) has no member \(member.name.text) in this kernel, which is refused where it is set"
                )
            )
        }
    }

    /// A table that a link holds, `SEC(".struct_ops.link")`, came later than tables did (6.4).
    private func checkLink(_ map: BPFMap, _ findings: inout Findings) {
        guard map.definition.flags & Self.link != 0 else { return }
        switch kernel.flag("BPF_F_LINK") {
        case .present: break
        case .absent:
            findings.fails(
                Reason(
                    .mapAttributes,
                    "\(map.name) is held by a link, and this kernel has no flag BPF_F_LINK",
                    cure: "use SEC(\".struct_ops\") there"
                )
            )
        case .notKnown:
            findings.cannotTell(
                Reason(.mapAttributes, "\(map.name): it is not known whether this kernel has flag BPF_F_LINK")
            )
        }
    }

    private static let link: UInt32 = 1 << 13

    /// Whether the kernel lets a program be the members that it stands for.
    func check(_ program: BPFProgram, _ findings: inout Findings) {
        guard program.type == .structOps, kernel.knownTypes != nil else { return }
        for map in object.contents.maps where map.origin == .structOps && map.isCreated {
            let structure = object.contents.types?.resolved(map.definition.valueType)?.name.essential
            guard let structure, kernel.find("bpf_struct_ops_\(structure)", .structure) != nil else {
                continue
            }
            for value in map.initialValues where value.name == program.name {
                guard let member = value.member else { continue }
                if Self.refused[structure]?.contains(member) == true {
                    findings.fails(
                        Reason(
                            .targetRefused,
                            "\(member) of struct \(structure) can't be a program in any kernel",
                            cure: "leave \(member) out of \(map.name)"
                        )
                    )
                } else if Self.taken[structure]?.contains(member) != true {
                    findings.cannotTell(
                        Reason(
                            .targetRefused,
                            "it is not known whether this kernel lets \(member) of struct \(structure) be a program"
                        )
                    )
                }
            }
        }
    }

    /// `bpf_tcp_ca_check_member` in net/ipv4/bpf_tcp_ca.c
    private static let refused: [String: Set<String>] = ["tcp_congestion_ops": ["get_info"]]

    /// `__bpf_ops_tcp_congestion_ops` in net/ipv4/bpf_tcp_ca.c, `__bpf_ops_sched_ext_ops` in kernel/sched/ext.c.
    private static let taken: [String: Set<String>] = [
        "tcp_congestion_ops": [
            "ssthresh", "cong_avoid", "set_state", "cwnd_event", "in_ack_event", "pkts_acked", "min_tso_segs",
            "cong_control", "undo_cwnd", "sndbuf_expand", "init", "release",
        ],
        "sched_ext_ops": [
            "select_cpu", "enqueue", "dequeue", "dispatch", "tick", "runnable", "running", "stopping", "quiescent",
            "yield", "core_sched_before", "set_weight", "set_cpumask", "update_idle", "cpu_acquire", "cpu_release",
            "init_task", "exit_task", "enable", "disable", "dump", "dump_cpu", "dump_task", "cgroup_init",
            "cgroup_exit", "cgroup_prep_move", "cgroup_move", "cgroup_cancel_move", "cgroup_set_weight", "cpu_online",
            "cpu_offline", "init", "exit",
        ],
    ]
}
