// SPDX-License-Identifier: Apache-2.0

import GuestProtocol
import KernelStore
import VirtualMachine

/// A guest with an image, and the folders that it sees.
struct ImageMachine: Sendable {
    let machine: MachineConfiguration
    let folders: [HostFolder]
}

/// Guests that have an image as their root, and its own script and bpftool.
struct ImageGuest: ScriptedGuest {
    let image: ImageUnderTest
    /// Ways to put the guest together, one of which this kernel can do with; tried in their order.
    let machines: [ImageMachine]
    let release: String

    var owner: String { "the image" }

    /// `image:bpftool 7.1.0`
    func name(of loader: ImageLine.Loader?) -> String {
        loader.map { "image:\($0.loader) \($0.version)" } ?? "image:\(image.disk.name)"
    }

    func run(
        objects: [String],
        limits: ExaminationLimits,
        started: @escaping @Sendable (Duration) async -> Void,
        hear: @escaping @Sendable (ImageLine) async throws -> Void
    ) async throws -> UInt64 {
        for machine in machines.dropLast() {
            do {
                return try await run(machine, objects: objects, limits: limits, started: started, hear: hear)
            } catch ImageFailure.notPrepared {
                // The next way may do.
                try Task.checkCancellation()
            }
        }
        guard let last = machines.last else { throw ImageObstacle.noSharing(kernel: release) }
        return try await run(last, objects: objects, limits: limits, started: started, hear: hear)
    }

    private func run(
        _ machine: ImageMachine,
        objects: [String],
        limits: ExaminationLimits,
        started: @escaping @Sendable (Duration) async -> Void,
        hear: @escaping @Sendable (ImageLine) async throws -> Void
    ) async throws -> UInt64 {
        try await withVirtualMachine(machine.machine, bootLimit: limits.boot) { guest in
            await started(guest.startDuration)
            let session = ImageSession(machine: guest, limit: limits.script, release: release)
            return try await session.run(image, machine.folders, objects: objects, hear: hear)
        }
    }
}
