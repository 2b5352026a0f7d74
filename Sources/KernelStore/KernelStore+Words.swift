// SPDX-License-Identifier: Apache-2.0

import Foundation
import Platform

extension KernelStore {
    /// The one kernel in the store that a word means, as `info`, `remove` and `export` understand it: the name of one, or what
    /// `--kernels` takes. No source is asked.
    ///
    /// - Parameter note: told where the word means one of the user's own, since nothing else here is meant by it.
    /// - Throws: `KernelStoreError.notInStore`
    public func kernel(
        called word: String,
        of sources: KernelSources,
        on architecture: Architecture? = nil,
        note: (String) -> Void
    ) throws(KernelStoreError) -> Kernel {
        let spec = sources.meaning(of: KernelSpec(word))
        if let known = try kernel(for: spec, on: architecture, preferring: sources.sources.map(\.name)) { return known }
        if let place = Self.source(of: spec), let last = try kernels().last(where: { $0.source == place }) {
            return last
        }
        if let own = try ownKernel(for: spec, on: architecture) {
            note(own.note(onMeaning: word))
            return own
        }
        throw .notInStore(name: word, there: try kernels().map(\.name))
    }

    /// The newest kernel that the user has added of this line or version; for where nothing else has it.
    public func ownKernel(
        for spec: KernelSpec,
        on architecture: Architecture? = nil
    ) throws(KernelStoreError) -> Kernel? {
        let own = try kernels().filter { $0.origin == KernelOrigin.added && $0.architecture == architecture ?? .host }
        return switch spec {
        case .line(let line): own.last { $0.line == line }
        case .version(let version): own.last { $0.version == version }
        default: nil
        }
    }
}

extension Kernel {
    /// What is said where a line or a version comes to mean the user's own.
    public func note(onMeaning word: String) -> String {
        "\(word) is \(name) (\(release)), a kernel of your own: nothing else has \(word)"
    }
}
