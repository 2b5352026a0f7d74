// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Foundation
import ScratchFolder
import SystemPackage

/// Why there is no template, which costs time and nothing else: guests are booted then.
struct TemplateFailure: Error, CustomStringConvertible {
    let description: String
}

/// The templates on this machine, each in a folder named by its key.
///
/// Any number of processes may use them at once: one is made beside its place and renamed into it, whoever finds it
/// being made waits, and a guest keeps the memory that it was restored from even where the template is removed.
public struct TemplateStore: Sendable {
    let root: FilePath
    let scratch: ScratchFolders

    /// How many are kept, and how many bytes of the disk they may take together.
    public static let usualLimits = (count: 24, bytes: 6 << 30)

    private static let scratchPrefix = "making-"

    public init(root: FilePath) {
        self.root = root
        scratch = ScratchFolders(in: root, prefix: Self.scratchPrefix)
    }

    /// Every template that could be used, the one used last first.
    public func templates() -> [Template] {
        folders.compactMap { Template(in: $0) }.sorted { $0.lastUsed > $1.lastUsed }
    }

    /// Where templates are, or what is left of them.
    private var folders: [FilePath] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root.string)) ?? []
        return names.filter { ContentDigest(hexadecimal: $0) != nil }.map { root.appending($0) }
    }

    /// Removes a template; guests that were restored from it go on.
    public func remove(_ template: Template) {
        // Where another one has taken its place meanwhile, that one stays.
        if let there = Template(in: template.folder), there.description != template.description { return }
        remove(template.folder)
    }

    private func remove(_ folder: FilePath) {
        try? scratch.with { grave in
            // Moved first, so that nobody finds half of one.
            _ = rename(folder.string, grave.appending("template").string)
        }
    }

    /// Removes those used least recently until no more than `count` are left, and what they take is at most `bytes`; and
    /// whatever a process that is gone has left behind.
    ///
    /// - Returns: those removed.
    @discardableResult
    public func collect(
        count: Int = usualLimits.count,
        bytes: Int = usualLimits.bytes
    ) -> [Template] {
        scratch.sweep()
        for folder in folders where Template(in: folder) == nil { remove(folder) }
        var kept = 0
        var taken = 0
        return templates().filter { template in
            let size = template.bytesOnDisk
            guard kept < count, taken + size <= bytes else {
                remove(template)
                return true
            }
            kept += 1
            taken += size
            return false
        }
    }

    func template(_ key: GuestIdentity) -> Template? {
        guard let template = Template(in: folder(key)) else { return nil }
        template.markAsUsed()
        return template
    }

    func folder(_ key: GuestIdentity) -> FilePath { root.appending(key.digest.hexadecimal) }

    /// Held by whoever makes the template. Some templates share one, so that locks need not be removed, which can't be done
    /// safely.
    func lock(_ key: GuestIdentity) -> FilePath { root.appending("\(key.digest.hexadecimal.prefix(2)).lock") }
}
