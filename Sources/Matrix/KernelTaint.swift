// SPDX-License-Identifier: Apache-2.0

/// What a kernel says has happened to it since it was booted (Documentation/admin-guide/tainted-kernels.rst;
/// include/linux/panic.h).
struct KernelTaint: OptionSet, Sendable {
    let rawValue: UInt64

    /// `TAINT_MACHINE_CHECK`
    static let machineCheck = KernelTaint(rawValue: 1 << 4)
    /// `TAINT_BAD_PAGE`
    static let badPage = KernelTaint(rawValue: 1 << 5)
    /// `TAINT_DIE`: it has oopsed.
    static let died = KernelTaint(rawValue: 1 << 7)
    /// `TAINT_WARN`
    static let warned = KernelTaint(rawValue: 1 << 9)
    /// `TAINT_SOFTLOCKUP`
    static let softLockup = KernelTaint(rawValue: 1 << 14)

    /// After these a kernel goes on, and what it says may still be right: but no other object is put to it.
    static let doubtful: KernelTaint = [.machineCheck, .badPage, .warned, .softLockup]

    /// In words, for people.
    var signs: String {
        let words: [(KernelTaint, String)] = [
            (.machineCheck, "a machine check"), (.badPage, "a bad page"), (.died, "an oops"), (.warned, "a warning"),
            (.softLockup, "a soft lockup"),
        ]
        return words.filter { contains($0.0) }.map(\.1).joined(separator: ", ")
    }
}
