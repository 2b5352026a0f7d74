// SPDX-License-Identifier: Apache-2.0

import VerifierLog

/// Switches of a kernel's configuration that some types and helpers need (Kconfig files of the kernel).
enum KernelOption {
    /// By `enum bpf_prog_type`.
    static let programTypes: [UInt32: String] = [
        8: "CONFIG_CGROUP_BPF", 9: "CONFIG_CGROUP_BPF", 15: "CONFIG_CGROUP_BPF", 18: "CONFIG_CGROUP_BPF",
        20: "CONFIG_BPF_LIRC_MODE2", 23: "CONFIG_CGROUP_BPF", 25: "CONFIG_CGROUP_BPF", 29: "CONFIG_BPF_LSM",
        32: "CONFIG_NETFILTER_BPF_LINK",
    ]

    /// By `enum bpf_map_type`.
    static let mapTypes: [UInt32: String] = [
        17: "CONFIG_XDP_SOCKETS", 19: "CONFIG_CGROUP_BPF", 21: "CONFIG_CGROUP_BPF", 28: "CONFIG_BPF_LSM",
    ]

    /// By `enum bpf_func_id`.
    static let helpers: [UInt32: String] = [58: "CONFIG_BPF_KPROBE_OVERRIDE"]
}

extension CheckedKernel {
    /// The switch that is off in this kernel, which could have this part of it; nil where it is on, not known, or came later.
    func leftOut(_ subsystem: Subsystem?) -> String? {
        guard let subsystem, let own = LinuxVersion(version), own >= subsystem.since,
            isOff(subsystem.option.rawValue)
        else { return nil }
        return subsystem.option.rawValue
    }
}

extension Reason {
    static func configurationOff(_ name: String, for what: String) -> Reason {
        Reason(.configurationOff, "\(name) is off in this kernel, which \(what) need", cure: "a kernel with \(name)=y")
    }
}
