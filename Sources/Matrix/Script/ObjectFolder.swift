// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Foundation
import SystemPackage
import VirtualMachine

/// The objects of a run as files, for guests that see them as such; with them the canaries by which such a guest proves
/// itself.
struct ObjectFolder: Sendable {
    let path: FilePath
    /// Names of files, in the order of the run's objects.
    let names: [String]
    private let digests: [String: ContentDigest]

    static let acceptable = "canary-good.bpf.o"
    static let unacceptable = "canary-bad.bpf.o"

    /// - Parameter path: an empty folder that nobody else writes to.
    init(_ objects: [TestObject], in path: FilePath) throws {
        self.path = path
        names = objects.enumerated().map { index, object in Self.name(of: object.name, number: index + 1) }
        let canary = Canary.objects
        let files =
            zip(names, objects.map(\.announced)) + [
                (Self.acceptable, canary.acceptable), (Self.unacceptable, canary.unacceptable),
            ]
        for (name, object) in files {
            try Data(object.bytes).write(to: URL(filePath: path.appending(name).string))
        }
        digests = Dictionary(uniqueKeysWithValues: files.map { ($0.0, $0.1.digest) })
    }

    /// `00001-minimal.bpf.o`: by its number no other's, and none of the canaries'.
    private static func name(of object: String, number: Int) -> String {
        let digits = "\(number)"
        var name = String(repeating: "0", count: max(0, 5 - digits.count)) + digits + "-"
        for scalar in object.unicodeScalars {
            let character = scalar.value < 0x20 || scalar == "/" || scalar == "\u{7f}" ? "_" : scalar
            guard name.utf8.count + UTF8.width(character) <= longestName else { break }
            name.unicodeScalars.append(character)
        }
        return name
    }

    /// Bytes; file systems allow 255 (limits.h: `NAME_MAX`).
    private static let longestName = 200

    /// These objects as files of an initramfs.
    func files(_ objects: [String]) -> [GuestFile] {
        objects.compactMap { name in
            digests[name].map {
                GuestFile(name: "objects/\(name)", mode: 0o644, source: path.appending(name), digest: $0)
            }
        }
    }
}
