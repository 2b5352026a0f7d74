// SPDX-License-Identifier: Apache-2.0

import FileLock
import Foundation
import SystemPackage

extension KernelStore {
    /// Kernels that a newer one of the same line, source and architecture has taken the place of. The user's own are never
    /// among them, and neither is what a lock pins.
    public func superseded(keeping lock: KernelLock?) throws(KernelStoreError) -> [Kernel] {
        let kernels = try kernels().filter { !$0.isOwn }
        let pinned = Set(lock?.pins.values.map(\.sha256) ?? [])
        return kernels.filter { old in
            !pinned.contains(old.digest)
                && kernels.contains { new in
                    (new.line, new.origin, new.architecture) == (old.line, old.origin, old.architecture)
                        && (new.repository, new.flavour) == (old.repository, old.flavour) && old.isOlder(than: new)
                }
        }
    }

    /// How long what nobody has gone on with stays: downloads that broke off, builds that failed.
    private static let patienceWithLeftovers: TimeInterval = 7 * 24 * 3600

    /// Removes downloads that nobody has gone on with for a week, and what was built of kernels that are not here and that
    /// nobody has built at for as long.
    ///
    /// - Returns: what was removed, for people.
    public func sweep(now: Date = Date()) async throws -> [String] {
        var removed: [String] = []
        func remove(_ path: FilePath, _ what: String) {
            if (try? FileManager.default.removeItem(atPath: path.string)) != nil { removed.append(what) }
        }
        func isOld(_ path: FilePath) -> Bool {
            let attributes = try? FileManager.default.attributesOfItem(atPath: path.string)
            guard let changed = attributes?[.modificationDate] as? Date else { return false }
            return changed < now - Self.patienceWithLeftovers
        }
        let downloads = root.appending("downloads")
        for name in Self.names(in: downloads) where name.hasSuffix(".partial") && isOld(downloads.appending(name)) {
            remove(downloads.appending(name), "a download that broke off")
        }
        let names = Set(try kernels().map(\.name))
        let builds = root.appending("builds")
        for name in Self.names(in: builds) where !names.contains(name) && !name.hasSuffix(".lock") {
            // Whoever builds there holds the lock.
            try? await FileLock.with(buildLock(of: name), for: "what is built of \(name)", within: .zero) {
                if isOld(builds.appending(name)) { remove(builds.appending(name), "what was built of \(name)") }
            }
        }
        return removed.sorted()
    }

    private static func names(in folder: FilePath) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: folder.string)) ?? []
    }
}

extension Kernel {
    /// Of an image: its repository, where several may have no name of their own.
    fileprivate var repository: String? { reference?.split(separator: "@").first.map(String.init) }

    /// What of a release says how it was built, and not when: `cloud-amd64`.
    fileprivate var flavour: String {
        release.split(separator: "-").dropFirst().filter { $0.first?.isLetter == true }.joined(separator: "-")
    }
}
