// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import SystemPackage

/// An image that a guest has as its disk: what it writes there goes with it.
public struct GuestDisk: Sendable, Hashable {
    /// As `-drive format=` spells it.
    public enum Format: String, Sendable, CaseIterable {
        case raw
        case qcow2
    }

    /// As people call it.
    public let name: String
    public let path: FilePath
    public let format: Format
    /// SHA-256 of the file, hexadecimal.
    public let digest: String

    public init(name: String, path: FilePath, format: Format, digest: String) {
        self.name = name
        self.path = path
        self.format = format
        self.digest = digest
    }

    /// The guest's name for it: it has one disk.
    public static let device = "/dev/vda"

    var arguments: [String] {
        // A qcow2 file may name another file of the host's as what it is made upon: none is opened.
        let alone = format == .qcow2 ? ",backing=" : ""
        return [
            "-drive",
            "if=none,id=disk,snapshot=on,driver=\(format.rawValue)\(alone),file.driver=file,file.filename=\(path.option)",
            "-device", "virtio-blk-pci,drive=disk",
        ]
    }

    /// Reads the whole file: what is used is what its digest says.
    func verify() throws(MachineFailure) {
        guard let found = ContentDigest(ofFile: path) else {
            throw MachineFailure(.notStarted("cannot read the image \(name): \(path)"), isAtStart: true)
        }
        guard found.hexadecimal == digest else {
            let advice = "remove it (bpfmatrix images remove \(name)) and build it again"
            throw MachineFailure(.notStarted("the image \(name) is damaged: \(path); \(advice)"), isAtStart: true)
        }
    }
}
