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
        let canaries = [Self.acceptable, Self.unacceptable]
        var names: [String] = []
        for object in objects {
            // An object's name is a file's name already, or that of one with a number behind it.
            let plain = object.name.replacing("/", with: "_").replacing("\n", with: "_")
            let name = plain.hasSuffix(".o") ? plain : "\(plain).bpf.o"
            names.append(names.contains(name) || canaries.contains(name) ? "\(names.count)-\(name)" : name)
        }
        self.names = names
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

    /// These objects as files of an initramfs.
    func files(_ objects: [String]) -> [GuestFile] {
        objects.compactMap { name in
            digests[name].map {
                GuestFile(name: "objects/\(name)", mode: 0o644, source: path.appending(name), digest: $0)
            }
        }
    }
}
