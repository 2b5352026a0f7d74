// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Foundation
import SystemPackage

/// A guest that was booted, proved and saved: from it any number of guests start where it was stopped.
///
/// ```
/// memory          the guest's memory, sparse; mapped privately by every guest that is restored from it
/// state           everything else, as QEMU's migration writes it
/// template.json   what it is; its time of change is when it was last used
/// ```
public struct Template: Sendable, Hashable {
    /// What is known of a template.
    public struct Description: Sendable, Hashable, Codable {
        /// Of which kernel, as the store names it.
        public var kernel: String
        /// Size of the memory file in bytes, holes included.
        public var memoryBytes: Int
        /// SHA-256 of the state, hexadecimal.
        public var stateDigest: String
        /// From QEMU's start to the agent's first word, when it was made.
        public var bootSeconds: Double
    }

    let folder: FilePath
    public let description: Description

    var memory: FilePath { folder.appending(Self.memoryName) }
    package var state: FilePath { folder.appending(Self.stateName) }

    static let memoryName = "memory"
    static let stateName = "state"
    static let descriptionName = "template.json"

    /// The template in a folder; nil where there is none, or where it is not what its description says.
    init?(in folder: FilePath) {
        guard let data = FileManager.default.contents(atPath: folder.appending(Self.descriptionName).string),
            let description = try? JSONDecoder().decode(Description.self, from: data)
        else { return nil }
        self.folder = folder
        self.description = description
        // The memory is not read: that would take longer than booting a guest. Its guest proves itself.
        guard Self.size(of: memory) == description.memoryBytes,
            ContentDigest(ofFile: state)?.hexadecimal == description.stateDigest
        else { return nil }
    }

    /// What it takes of the disk, in bytes: memory that the guest never touched takes none.
    public var bytesOnDisk: Int {
        [memory, state].map { file in
            var status = stat()
            guard stat(file.string, &status) == 0 else { return 0 }
            // In units of 512 bytes whatever the file system's own blocks are: stat(2).
            return Int(status.st_blocks) * 512
        }.reduce(0, +)
    }

    /// When a guest was last restored from it.
    public var lastUsed: Date {
        let path = folder.appending(Self.descriptionName).string
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return attributes?[.modificationDate] as? Date ?? .distantPast
    }

    func markAsUsed() {
        let path = folder.appending(Self.descriptionName).string
        // Only the order of removal depends on it.
        try? FileManager.default.setAttributes([.modificationDate: Date()], ofItemAtPath: path)
    }

    static func size(of file: FilePath) -> Int? {
        let attributes = try? FileManager.default.attributesOfItem(atPath: file.string)
        return (attributes?[.size] as? NSNumber)?.intValue
    }
}
