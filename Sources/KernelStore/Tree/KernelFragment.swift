// SPDX-License-Identifier: Apache-2.0

import KernelProfile

/// What a kernel's configuration needs so that BPF programs can be tested in a guest of it.
///
/// It is added to whatever configuration a tree is built with. Kconfig drops what a tree does not know or what depends on
/// something else, without a word; so what came of it is looked at.
struct KernelFragment: Sendable {
    /// One thing that is needed.
    struct Need: Sendable, Hashable {
        /// Under its names in different versions, with `CONFIG_`; any of them will do.
        let names: [String]
        let value: String
        /// Without it no guest answers.
        let isVital: Bool

        func isMet(by configuration: KernelConfiguration) -> Bool {
            names.contains { configuration.value(of: $0) == value }
        }

        /// As `.config` has it: what is neither a switch nor a number stands in quotes.
        var literal: String { value == "y" ? value : "\"\(value)\"" }

        var text: String { names.map { "\($0)=\(value)" }.joined(separator: " or ") }
    }

    let needs: [Need]

    /// Lines for `.config`.
    var text: String { needs.flatMap { need in need.names.map { "\($0)=\(need.literal)\n" } }.joined() }

    func unmet(by configuration: KernelConfiguration) -> [Need] { needs.filter { !$0.isMet(by: configuration) } }

    /// All of it.
    static let bpf = KernelFragment(needs: vital + guests + bpfItself + attaching)

    /// The agent is PID 1 of an initramfs, and talks through a virtio port.
    private static let vital = switches(
        ["64BIT", "PRINTK", "BINFMT_ELF", "BLK_DEV_INITRD", "RD_GZIP", "DEVTMPFS", "PROC_FS", "SYSFS", "TMPFS", "TTY"]
            + ["SHMEM", "FUTEX", "EPOLL", "POSIX_TIMERS", "MULTIUSER", "SERIAL_8250", "SERIAL_8250_CONSOLE", "PCI"]
            + ["VIRTIO_MENU", "VIRTIO_PCI", "VIRTIO_CONSOLE", "NET", "BPF_SYSCALL"],
        isVital: true
    )

    /// Quick boots, images as root file systems, folders of the host's.
    private static let guests = switches(
        ["SMP", "MODULES", "BUG", "PRINTK_TIME", "HIGH_RES_TIMERS", "SIGNALFD", "TIMERFD", "EVENTFD", "AIO"]
            + ["BINFMT_SCRIPT", "SECURITYFS", "HYPERVISOR_GUEST", "PARAVIRT", "PVH", "KVM_GUEST", "BLOCK", "BLK_DEV"]
            + ["VIRTIO_BLK", "EXT4_FS", "FUSE_FS", "VIRTIO_FS", "INET", "IPV6", "UNIX", "NET_9P", "NET_9P_VIRTIO"]
            + ["NETWORK_FILESYSTEMS", "9P_FS"]
    )

    private static let bpfItself =
        switches([
            "BPF_JIT", "BPF_LSM", "CGROUPS", "CGROUP_BPF", "IKCONFIG", "IKCONFIG_PROC", "KALLSYMS", "KALLSYMS_ALL",
        ])
        + [
            // Their types are what CO-RE goes by. The debugging information that they are made from had another name
            // before 5.18.
            Need(
                names: ["CONFIG_DEBUG_INFO_DWARF_TOOLCHAIN_DEFAULT", "CONFIG_DEBUG_INFO"],
                value: "y",
                isVital: false
            ),
            Need(names: ["CONFIG_DEBUG_INFO_BTF"], value: "y", isVital: false),
            Need(names: ["CONFIG_LSM"], value: "lockdown,yama,integrity,selinux,apparmor,bpf", isVital: false),
        ]

    private static let attaching = switches(
        [
            "SECURITY", "SECURITY_NETWORK", "PERF_EVENTS", "FTRACE", "FUNCTION_TRACER", "DYNAMIC_FTRACE",
            "FTRACE_SYSCALLS",
        ]
            + ["KPROBES", "KPROBE_EVENTS", "UPROBES", "UPROBE_EVENTS", "BPF_EVENTS", "FUNCTION_ERROR_INJECTION"]
            + ["BPF_KPROBE_OVERRIDE", "NAMESPACES", "NET_NS", "NET_SCHED", "NET_CLS_ACT", "NET_CLS_BPF", "NET_ACT_BPF"]
            + ["XDP_SOCKETS", "LWTUNNEL", "LWTUNNEL_BPF", "BPF_STREAM_PARSER", "NETFILTER"]
    )

    private static func switches(_ names: [String], isVital: Bool = false) -> [Need] {
        names.map { Need(names: ["CONFIG_\($0)"], value: "y", isVital: isVital) }
    }
}
