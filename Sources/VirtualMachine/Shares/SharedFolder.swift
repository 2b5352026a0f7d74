// SPDX-License-Identifier: Apache-2.0

import GuestProtocol
import SystemPackage

/// A folder of the host's that a guest sees, and can't change.
public struct SharedFolder: Sendable, Hashable {
    /// By which the guest knows it; unique among a machine's.
    public let tag: String
    public let path: FilePath
    public let transport: HostFolder.Transport

    public init(tag: String, path: FilePath, transport: HostFolder.Transport) {
        self.tag = tag
        self.path = path
        self.transport = transport
    }

    /// - Parameter socket: where the folder's server is met, if it has one.
    func arguments(socket: FilePath) -> [String] {
        switch transport {
        case .plan9:
            [
                "-fsdev", "local,id=\(tag),path=\(path.option),security_model=none,readonly=on,multidevs=remap",
                "-device", "virtio-9p-pci,fsdev=\(tag),mount_tag=\(tag)",
            ]
        case .virtiofs:
            [
                "-chardev", "socket,id=\(tag),path=\(socket.option)",
                "-device", "vhost-user-fs-pci,chardev=\(tag),tag=\(tag)",
            ]
        }
    }
}
