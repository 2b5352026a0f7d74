// SPDX-License-Identifier: Apache-2.0

import VirtualMachine

/// Guests in which `scripts/test-bpf-in-vm.sh` goes through objects.
protocol ScriptedGuest: Sendable {
    /// Whose script and bpftool it is, for people: `the image`.
    var owner: String { get }
    /// Of the kernel that it is meant to run.
    var release: String { get }
    /// What results call its loader.
    func name(of loader: ImageLine.Loader?) -> String

    /// Boots a guest, and has the script go through these files, to its end.
    ///
    /// - Parameters:
    ///   - objects: names of files, in the order in which they are to be loaded.
    ///   - started: told once the guest answers, with how long that took.
    ///   - hear: each line, as it comes.
    /// - Returns: the kernel's taint flags afterwards.
    func run(
        objects: [String],
        limits: ExaminationLimits,
        started: @escaping @Sendable (Duration) async -> Void,
        hear: @escaping @Sendable (ImageLine) async throws -> Void
    ) async throws -> UInt64
}
