// SPDX-License-Identifier: Apache-2.0

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
                        && KernelVersion(old.version) < KernelVersion(new.version)
                }
        }
    }

    /// How long a download that broke off may wait to be gone on with.
    private static let downloadPatience: TimeInterval = 7 * 24 * 3600

    /// Removes downloads that nobody has gone on with for a week, and what was built of kernels that are not here any more.
    ///
    /// - Returns: what was removed, for people.
    public func sweep(now: Date = Date()) throws(KernelStoreError) -> [String] {
        var removed: [String] = []
        func remove(_ path: FilePath, _ what: String) {
            if (try? FileManager.default.removeItem(atPath: path.string)) != nil { removed.append(what) }
        }
        let downloads = root.appending("downloads")
        for name in (try? FileManager.default.contentsOfDirectory(atPath: downloads.string)) ?? [] {
            let path = downloads.appending(name)
            let attributes = try? FileManager.default.attributesOfItem(atPath: path.string)
            guard let changed = attributes?[.modificationDate] as? Date, changed < now - Self.downloadPatience,
                name.hasSuffix(".partial")
            else { continue }
            remove(path, "a download that broke off (\(changed.formatted(.iso8601.year().month().day())))")
        }
        let names = Set(try kernels().map(\.name))
        let builds = root.appending("builds")
        for name in (try? FileManager.default.contentsOfDirectory(atPath: builds.string)) ?? []
        where !names.contains(name) {
            remove(builds.appending(name), "what was built of \(name)")
        }
        return removed.sorted()
    }
}
