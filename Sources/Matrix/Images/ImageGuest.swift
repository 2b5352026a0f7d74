// SPDX-License-Identifier: Apache-2.0

import GuestProtocol
import KernelStore
import VirtualMachine

/// Guests that have an image as their root, and its own script and bpftool.
struct ImageGuest: ScriptedGuest {
    let image: ImageUnderTest
    /// The guest, with the image and the folders.
    let machine: MachineConfiguration
    let folders: [HostFolder]
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
        try await withVirtualMachine(machine, bootLimit: limits.boot) { guest in
            await started(guest.startDuration)
            let session = ImageSession(machine: guest, limit: limits.witness, release: release)
            return try await session.run(image, folders, objects: objects, hear: hear)
        }
    }
}
