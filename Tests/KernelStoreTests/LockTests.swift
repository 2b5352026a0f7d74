// SPDX-License-Identifier: Apache-2.0

import Foundation
import Matrix
import SystemPackage
import TestKernels
import Testing

@testable import KernelStore

/// Kernels that are pinned, and sources that have moved on.
@Suite struct LockTests {
    private func withArchive(
        _ body: @escaping @Sendable (ArchiveFixture, KernelStore, _ lock: FilePath) async throws -> Void
    ) async throws {
        try await withScratchFolder { folder in
            let fixture = try await ArchiveFixture(in: folder.appending("fixture"))
            let store = try KernelStore(root: folder.appending("store"))
            try await body(fixture, store, folder.appending("bpfmatrix.lock"))
        }
    }

    private func selection(_ store: KernelStore, _ archive: PackageArchive, _ lock: KernelLock?) -> KernelSelection {
        KernelSelection(store: store, lock: lock, sources: KernelSources([.archive(archive)]))
    }

    @Test("a lock comes back as it was written, in the order of the kernels' versions")
    func roundTrip() async throws {
        try await withScratchFolder { folder in
            let store = try KernelStore(root: folder.appending("store"))
            var lock = KernelLock(at: folder.appending("lock"))
            for (spec, release) in [("new", "6.12.1"), ("old", "6.2.9"), ("also", "6.2.9")] {
                let payload = try await FakeKernel.payload(in: folder)
                let image = folder.appending("image")
                try image.write(FakeKernel.image(release: release, payload: payload))
                lock.pin(spec, to: try await store.add(spec, image: image, modules: nil, config: nil))
            }
            try lock.write()
            #expect(try KernelLock(reading: lock.path) == lock)
            #expect(lock.specs() == ["also", "old", "new"])
            #expect(lock.pins["new"]?.release == "6.12.1")
        }
    }

    @Test(
        "a lock that is missing, no lock, merged badly, or of another form is told",
        arguments: [
            nil, "", "words", "{\"format\": 2, \"kernels\": {\"6.1\": {}}}", "{\"format\": 3, \"kernels\": {}}",
        ]
    )
    func unreadable(text: String?) async throws {
        try await withScratchFolder { folder in
            let path = folder.appending("lock")
            try text.map { try path.write($0) }
            let error = #expect(throws: KernelLockError.self) { try KernelLock(reading: path) }
            guard case .unreadable? = error else { Issue.record("\(String(describing: error))"); return }
        }
    }

    @Test("a run with a lock gets that very kernel, from the store or the source, although a newer one is there")
    func pinned() async throws {
        try await withArchive { fixture, store, path in
            let old = try await fixture.served { port in
                try await selection(store, fixture.archive(port: port), nil).kernel("6.1") { _ in }
            }
            var lock = KernelLock(at: path)
            lock.pin("6.1", to: old)
            try await fixture.addKernel("6.1.0-100-cloud-amd64", version: "6.1.1000-1")
            try await fixture.sign()
            let pins = lock
            try await fixture.served { port in
                let archive = fixture.archive(port: port)
                let moved = try await selection(store, archive, nil).newest("6.1") { _ in }
                #expect(moved.version == "6.1.1000")
                let fromStore = try await selection(store, archive, pins).kernel("6.1") { _ in }
                #expect(fromStore.release == ArchiveFixture.release)
                _ = try await store.remove(ArchiveFixture.release)
                let fromArchive = try await selection(store, archive, pins).kernel("6.1") { _ in }
                #expect(fromArchive.digest == fromStore.digest)
                await #expect(
                    throws: KernelLockError.notPinned(spec: "6.12", path: pins.path.string, pinned: ["6.1"])
                ) {
                    try await selection(store, archive, pins).kernel("6.12") { _ in }
                }
            }
        }
    }

    @Test("a pinned kernel that no source has, or that is another by the same name, is told and never replaced")
    func gone() async throws {
        try await withArchive { fixture, store, path in
            let folder = path.removingLastComponent()
            func pinning(_ release: String) async throws -> KernelLock {
                let elsewhere = try KernelStore(root: folder.appending("elsewhere-\(release)"))
                let image = folder.appending("image")
                let payload = try await FakeKernel.payload(in: folder, notes: [])
                try image.write(FakeKernel.image(release: release, payload: payload))
                var lock = KernelLock(at: path)
                lock.pin("6.1", to: try await elsewhere.add("other", image: image, modules: nil, config: nil))
                return lock
            }
            func asIfFromArchive(_ lock: KernelLock) throws -> KernelLock {
                try lock.write()
                let text = String(decoding: try path.contents, as: UTF8.self)
                try path.write(text.replacing("\"added\"", with: "\"debian\""))
                return try KernelLock(reading: path)
            }
            let added = try await pinning("6.1.0-1-cloud-amd64")
            let missing = try asIfFromArchive(added)
            let rebuilt = try asIfFromArchive(try await pinning(ArchiveFixture.release))
            try await fixture.served { port in
                let archive = fixture.archive(port: port)
                let first = await #expect(throws: KernelLockError.self) {
                    try await selection(store, archive, missing).kernel("6.1") { _ in }
                }
                guard case .gone? = first else { Issue.record("\(String(describing: first))"); return }
                // Nobody is asked for what only the user has.
                let own = await #expect(throws: KernelLockError.self) {
                    try await selection(store, archive, added).kernel("6.1") { _ in }
                }
                #expect(own.map { "\($0)".contains("was added by hand") } == true)
                let second = await #expect(throws: KernelLockError.self) {
                    try await selection(store, archive, rebuilt).kernel("6.1") { _ in }
                }
                guard case .replaced? = second else { Issue.record("\(String(describing: second))"); return }
                // In a run that is a column without verdicts.
                let selected = try await selection(store, archive, missing).select(["6.1"]) { _ in }
                guard case .unavailable(_, let reason)? = selected.first else { Issue.record("\(selected)"); return }
                #expect(reason.contains("bpfmatrix kernels lock --update 6.1"))
            }
        }
    }
}
