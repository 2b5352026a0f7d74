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
    private static let format = "1"

    /// - Throws: `MachineFailure` where there is no QEMU.
    public init(_ configuration: MachineConfiguration) throws(MachineFailure) {
        let parts = [
            Self.format,
            try EmulatorFile(configuration.qemu).identity,
            configuration.kernel.digest,
            configuration.initramfs.digest.hexadecimal,
            configuration.hardware.joined(separator: " "),
            configuration.kernelCommandLine,
        ]
        digest = ContentDigest(of: Data(parts.joined(separator: "\n").utf8))
    }
}
