// SPDX-License-Identifier: Apache-2.0

import Foundation
import Matrix
import SystemPackage
import TestKernels
import Testing

@testable import KernelStore

/// One kernel is never taken for another.
@Suite struct IdentityTests {
    private func withArchive(
        _ body: @escaping @Sendable (PackageArchive, KernelStore, _ folder: FilePath) async throws -> Void
    ) async throws {
        try await withScratchFolder { folder in
            let fixture = try await ArchiveFixture(in: folder.appending("fixture"))
            let store = try KernelStore(root: folder.appending("store"))
            try await fixture.served { port in try await body(fixture.archive(port: port), store, folder) }
        }
    }

    /// An image of the archive's release, and of other bytes.
    private func image(in folder: FilePath, release: String = ArchiveFixture.release) async throws -> FilePath {
        let path = folder.appending("own")
        let payload = try await FakeKernel.payload(in: folder)
        try path.write(FakeKernel.image(release: release, payload: payload + [0, 0]))
        return path
    }

    @Test("a release means what a source has, also where the user has one of the same release")
    func release() async throws {
        try await withArchive { archive, store, folder in
            let pulled = try await store.pull(.line("6.1"), from: archive) { _ in }
            let own = try await store.add("zz", image: try await image(in: folder))
            _ = try await store.pull(.file(folder.appending("own").string), from: .usual) { _ in }
            #expect(own.release == pulled.release && own.digest != pulled.digest)
            #expect(try store.kernel(for: .named(pulled.release)) == pulled)
            #expect(try store.kernel(for: .named("zz")) == own)
            await #expect(throws: KernelStoreError.self) { try await store.remove(pulled.release) }
            let removed = try await store.remove("zz")
            #expect(removed == own)
        }
    }

    @Test("a kernel of the user's own is neither taken for an archive's of the same name nor replaced by it")
    func name() async throws {
        try await withArchive { archive, store, folder in
            let name = "debian-\(ArchiveFixture.release)"
            let own = try await store.add(name, image: try await image(in: folder))
            let error = await #expect(throws: KernelStoreError.self) {
                try await store.pull(.line("6.1"), from: archive) { _ in }
            }
            #expect(error == .nameTaken(name: name))
            #expect(try store.kernels() == [own])
        }
    }

    @Test("a pin is met by the very kernel of its source, and by no other with the same image")
    func pin() async throws {
        try await withArchive { archive, store, folder in
            let pulled = try await store.pull(.line("6.1"), from: archive) { _ in }
            let same = try await store.add("aaa", image: store.path(of: pulled.image))
            #expect(same.digest == pulled.digest)
            var lock = KernelLock(at: folder.appending("lock"))
            lock.pin("6.1", to: pulled)
            let selection = KernelSelection(store: store, lock: lock, sources: KernelSources([.archive(archive)]))
            let pinned = try await selection.kernel("6.1") { _ in }
            #expect(pinned == pulled)
        }
    }

    @Test("a pinned file that has changed is told, and not tested as what it was")
    func changedFile() async throws {
        try await withScratchFolder { folder in
            let store = try KernelStore(root: folder.appending("store"))
            let path = try await image(in: folder, release: "6.2.9")
            let word = "file:\(path)"
            let kernel = try await store.pull(KernelSpec(word), from: .usual) { _ in }
            var lock = KernelLock(at: folder.appending("lock"))
            lock.pin(word, to: kernel)
            let selection = KernelSelection(store: store, lock: lock, sources: KernelSources([]))
            let unchanged = try await selection.kernel(word) { _ in }
            #expect(unchanged == kernel)
            try path.write(try path.contents + [0])
            let error = await #expect(throws: KernelLockError.self) { try await selection.kernel(word) { _ in } }
            guard case .replaced? = error else { Issue.record("\(String(describing: error))"); return }
        }
    }

    @Test("of builds of one version the one with the higher number is the newest")
    func builds() async throws {
        try await withScratchFolder { folder in
            let fixture = try await ArchiveFixture(in: folder.appending("fixture"))
            let store = try KernelStore(root: folder.appending("store"))
            for build in [99, 100] {
                try await fixture.addDividedKernel("6.8.0-\(build)-generic", version: "6.8.0-\(build).\(build)")
            }
            try await fixture.sign()
            try await fixture.served { port in
                let archive = fixture.archive(port: port, name: "other")
                for build in [100, 99] {
                    _ = try await store.pull(.named("6.8.0-\(build)-generic"), from: archive) { _ in }
                }
                #expect(try store.kernel(for: .line("6.8"))?.release == "6.8.0-100-generic")
                #expect(try store.superseded(keeping: nil).map(\.release) == ["6.8.0-99-generic"])
            }
        }
    }
}
