// SPDX-License-Identifier: Apache-2.0

import BPFObject

/// Since when upstream has each helper: include/uapi/linux/bpf.h of each line. Helpers were only ever added at the end.
enum HelperVersions {
    /// The first number that the line does not have.
    private static let ends: [(line: LinuxVersion, end: UInt32)] = [
        (LinuxVersion(5, 9), 142), (LinuxVersion(5, 10), 156), (LinuxVersion(5, 11), 163), (LinuxVersion(5, 12), 164),
        (LinuxVersion(5, 13), 166), (LinuxVersion(5, 14), 169), (LinuxVersion(5, 15), 176), (LinuxVersion(5, 16), 180),
        (LinuxVersion(5, 17), 186), (LinuxVersion(5, 18), 194), (LinuxVersion(5, 19), 204), (LinuxVersion(6, 0), 208),
        (LinuxVersion(6, 1), 210), (LinuxVersion(6, 2), 212),
    ]

    /// Helpers that call back a function of the program's: for_each_map_elem, timer_set_callback, find_vma, loop,
    /// user_ringbuf_drain.
    static let callers: Set<UInt32> = [164, 170, 180, 181, 209]

    /// nil for helpers of 5.9 and before, and for those that do not exist.
    static func since(_ helper: UInt32) -> LinuxVersion? {
        guard let first = ends.first, helper >= first.end else { return nil }
        return ends.first { helper < $0.end }?.line
    }

    /// `bpf_loop`; nil where there is no such helper.
    static func name(_ helper: UInt32) -> String? {
        guard let last = ends.last, helper > 0, helper < last.end else { return nil }
        return "bpf_\(HelperName.name(helper))"
    }
}

/// Since when upstream has some kfuncs that programs call often.
enum KfuncVersions {
    static func since(_ name: String) -> LinuxVersion? { lines[name] }

    private static let lines: [String: LinuxVersion] = [
        "bpf_task_acquire": LinuxVersion(6, 2), "bpf_task_release": LinuxVersion(6, 2),
        "bpf_task_from_pid": LinuxVersion(6, 2), "bpf_cgroup_acquire": LinuxVersion(6, 2),
        "bpf_cgroup_release": LinuxVersion(6, 2), "bpf_rcu_read_lock": LinuxVersion(6, 2),
        "bpf_rcu_read_unlock": LinuxVersion(6, 2), "bpf_obj_new_impl": LinuxVersion(6, 2),
        "bpf_obj_drop_impl": LinuxVersion(6, 2), "bpf_cast_to_kern_ctx": LinuxVersion(6, 2),
        "bpf_rdonly_cast": LinuxVersion(6, 2), "bpf_dynptr_from_skb": LinuxVersion(6, 4),
        "bpf_dynptr_from_xdp": LinuxVersion(6, 4), "bpf_dynptr_slice": LinuxVersion(6, 4),
        "bpf_iter_num_new": LinuxVersion(6, 4), "bpf_iter_num_next": LinuxVersion(6, 4),
        "bpf_iter_num_destroy": LinuxVersion(6, 4), "scx_bpf_events": LinuxVersion(6, 15),
    ]
}

/// Since when upstream has types of maps and programs, and ways of attaching: include/uapi/linux/bpf.h of each line.
enum TypeVersions {
    /// By the number in `enum bpf_map_type`; nil where no line is known that has it.
    static func mapType(_ type: UInt32) -> LinuxVersion? {
        switch type {
        case 1, 2: LinuxVersion(3, 19)
        case 3: LinuxVersion(4, 2)
        case 4: LinuxVersion(4, 3)
        case 5, 6, 7: LinuxVersion(4, 6)
        case 8: LinuxVersion(4, 8)
        case 9, 10: LinuxVersion(4, 10)
        case 11: LinuxVersion(4, 11)
        case 12, 13: LinuxVersion(4, 12)
        case 14, 15: LinuxVersion(4, 14)
        case 16: LinuxVersion(4, 15)
        case 17, 18: LinuxVersion(4, 18)
        case 19, 20: LinuxVersion(4, 19)
        case 21, 22, 23: LinuxVersion(4, 20)
        case 24: LinuxVersion(5, 2)
        case 25: LinuxVersion(5, 4)
        case 26: LinuxVersion(5, 6)
        case 27: LinuxVersion(5, 8)
        case 28: LinuxVersion(5, 10)
        case 29: LinuxVersion(5, 11)
        case 30: LinuxVersion(5, 16)
        case 31: LinuxVersion(6, 1)
        case 32: LinuxVersion(6, 2)
        case 33: LinuxVersion(6, 9)
        default: nil
        }
    }

    /// By the number in `enum bpf_prog_type`; nil where no line is known that has it.
    static func programType(_ type: UInt32) -> LinuxVersion? {
        switch type {
        case 1: LinuxVersion(3, 19)
        case 2, 3, 4: LinuxVersion(4, 1)
        case 5: LinuxVersion(4, 7)
        case 6: LinuxVersion(4, 8)
        case 7: LinuxVersion(4, 9)
        case 8, 9, 10, 11, 12: LinuxVersion(4, 10)
        case 13: LinuxVersion(4, 13)
        case 14: LinuxVersion(4, 14)
        case 15: LinuxVersion(4, 15)
        case 16, 17, 18: LinuxVersion(4, 17)
        case 19, 20: LinuxVersion(4, 18)
        case 21: LinuxVersion(4, 19)
        case 22: LinuxVersion(4, 20)
        case 23, 24: LinuxVersion(5, 2)
        case 25: LinuxVersion(5, 3)
        case 26: LinuxVersion(5, 5)
        case 27, 28: LinuxVersion(5, 6)
        case 29: LinuxVersion(5, 7)
        case 30: LinuxVersion(5, 9)
        case 31: LinuxVersion(5, 14)
        case 32: LinuxVersion(6, 4)
        default: nil
        }
    }

    /// By a section's name, where it stands for an attach type, or a flag of the load, that came after its type of program.
    static func section(_ section: String) -> LinuxVersion? {
        sections.first { section.hasPrefix($0.opening) }?.line
    }

    private static let sections: [(opening: String, line: LinuxVersion)] = [
        ("xdp.frags", LinuxVersion(5, 18)), ("xdp/devmap", LinuxVersion(5, 8)), ("xdp/cpumap", LinuxVersion(5, 9)),
        ("lsm_cgroup/", LinuxVersion(6, 0)), ("sk_reuseport/migrate", LinuxVersion(5, 14)),
        ("cgroup/connect_unix", LinuxVersion(6, 7)), ("cgroup/sendmsg_unix", LinuxVersion(6, 7)),
        ("cgroup/recvmsg_unix", LinuxVersion(6, 7)), ("cgroup/getpeername_unix", LinuxVersion(6, 7)),
        ("cgroup/getsockname_unix", LinuxVersion(6, 7)), ("cgroup/getpeername", LinuxVersion(5, 8)),
        ("cgroup/getsockname", LinuxVersion(5, 8)), ("cgroup/sock_release", LinuxVersion(5, 9)),
    ]
}
