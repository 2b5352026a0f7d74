// SPDX-License-Identifier: Apache-2.0

import VerifierLog

/// What decides how large things may be, as far as the kernel's configuration tells.
extension CheckedKernel {
    /// nil where its version is not known.
    var line: LinuxVersion? { LinuxVersion(version) }

    /// Whether its line is this one or a later one; nil where that is not known.
    func isSince(_ major: Int, _ minor: Int) -> Bool? { line.map { $0 >= LinuxVersion(major, minor) } }

    private func isOn(_ name: String) -> Bool { profile?.configuration?.value(of: name) == "y" }

    /// Bytes of a page (Kconfig files of x86 and arm64; `CONFIG_PAGE_SHIFT` came with 6.9); nil where not known.
    var pageSize: UInt64? {
        if isOn("CONFIG_X86_64") || isOn("CONFIG_ARM64_4K_PAGES") { return 4 << 10 }
        if isOn("CONFIG_ARM64_16K_PAGES") { return 16 << 10 }
        if isOn("CONFIG_ARM64_64K_PAGES") { return 64 << 10 }
        guard let shift = profile?.configuration?.value(of: "CONFIG_PAGE_SHIFT").flatMap({ UInt64($0) }),
            (12...18).contains(shift)
        else { return nil }
        return 1 << shift
    }

    /// `PCPU_MIN_UNIT_SIZE` in include/linux/percpu.h: the largest value that each processor has its own of; nil where not known.
    var largestPerProcessor: UInt64? { pageSize.map { max($0, 32 << 10) } }

    /// `KMALLOC_MAX_SIZE` where it is sure: 1024 pages of 4 KiB, which no configuration of x86 changes.
    var largestAllocation: UInt64? { isOn("CONFIG_X86_64") ? 4 << 20 : nil }

    /// `NR_CPUS`: how many processors it is built for; nil where not known.
    var mostProcessors: UInt64? { profile?.configuration?.value(of: "CONFIG_NR_CPUS").flatMap { UInt64($0) } }
}
