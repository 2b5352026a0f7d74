// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Foundation

/// Everything that decides what a guest is: its kernel, agent and modules, QEMU, hardware, command line.
///
/// A template is only ever used under the identity that it was made under: QEMU takes one under other arguments without
/// a word, and what runs then is undefined.
public struct GuestIdentity: Sendable, Hashable {
    public let digest: ContentDigest

    /// Changes whenever guests are prepared, or templates made, otherwise than before.
    private static let format = "2"

    /// - Throws: `MachineFailure` where there is no QEMU.
    public init(_ configuration: MachineConfiguration) throws(MachineFailure) {
        // Emulated, a guest sees nothing of the host. Otherwise the host's kernel decides what is left of its processor.
        let host =
            switch configuration.accelerator {
            case .tcg: ""
            case .kvm: "\(configuration.processor.identity) \(HostKernel.release)"
            }
        let parts = [
            Self.format,
            try EmulatorFile(configuration.qemu).identity,
            configuration.kernel.digest,
            configuration.initramfs.digest.hexadecimal,
            configuration.hardware.joined(separator: " "),
            configuration.kernelCommandLine,
            host,
        ]
        digest = ContentDigest(of: Data(parts.joined(separator: "\n").utf8))
    }
}
