// SPDX-License-Identifier: Apache-2.0

import FileLock
import Foundation
import SystemPackage

extension KernelStore {
    private static let builtFrom = "built from"

    /// Where a kernel of this name is built, unless the user says otherwise.
    public func buildFolder(of name: String) -> FilePath { root.appending("builds").appending(name) }

    func buildLock(of name: String) -> FilePath { root.appending("builds").appending("\(name).lock") }

    /// Builds a tree and takes in what comes of it, in the place of what was built under this name before.
    public func build(
        _ name: String,
        _ build: TreeBuild,
        progress: @escaping @Sendable (TreeProgress) -> Void
    ) async throws -> Kernel {
        guard Self.isUsable(name) else { throw KernelStoreError.unusableName(name) }
        // Told before hours have gone into it.
        if let known = try kernels().first(where: { $0.name == name }), !known.source.hasPrefix(Self.builtFrom) {
            throw KernelStoreError.nameTaken(name: name)
        }
        try FileManager.default.createDirectory(
            atPath: root.appending("builds").string,
            withIntermediateDirectories: true
        )
        // A second build would find the first one's half-made files.
        return try await FileLock.with(buildLock(of: name), for: "what is built of \(name)", within: .zero) {
            try await build.run(progress: progress)
            let files = try KernelFiles(builtIn: build.output)
            return try await takeIn(files, replacing: true) { _ in
                KernelCredentials(name: name, origin: KernelOrigin.added, source: "\(Self.builtFrom) \(build.tree)")
            }
        }
    }
}
