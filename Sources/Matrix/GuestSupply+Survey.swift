// SPDX-License-Identifier: Apache-2.0

import KernelProfile
import KernelStore
import Results
import VirtualMachine

extension GuestSupply {
    /// Finds out what the kernel has for BPF and keeps it, unless the store knows.
    ///
    /// It is asked of a guest of its own, after the template has been saved: a survey loads thousands of programs, mounts file
    /// systems and fills memory, and none of that is to be in every guest that is restored later. So templates are what they
    /// were without it, one that was made before will do, and a kernel that falls over a question spoils nothing.
    ///
    /// - Returns: whether it was asked now.
    /// - Throws: `MachineFailure` where no guest can be had or it is lost, `CanaryFailure` where it can't tell good from bad,
    ///   `KernelStoreError` where what it said can't be kept. Nothing is kept then, and the next call tries again.
    @discardableResult
    public func survey(
        _ kernel: Kernel,
        with guests: GuestSource,
        _ options: RunOptions,
        report: @escaping @Sendable (RunEvent) -> Void
    ) async throws -> Bool {
        // One that can't be read any more is as good as none.
        guard try await knownProfile(of: kernel) == nil else { return false }
        report(.working("\(kernel.version): finding out what it has for BPF, once", fraction: nil))
        let limits = options.limits.on(guests.configuration.accelerator)
        let survey = try await guests.withGuest(
            proving: { machine in
                _ = try await GuestSession.proved(machine, limits, .onePass, .agent, release: kernel.release)
            },
            { machine, _ in try await KernelSurvey.take(of: machine, limit: limits.program) }
        )
        try await store.keepProfile(of: kernel, from: survey.account(release: kernel.release))
        return true
    }

    private func knownProfile(of kernel: Kernel) async throws -> KernelProfile? {
        do {
            return try await store.profile(of: kernel)
        } catch is KernelStoreError {
            return nil
        }
    }
}
