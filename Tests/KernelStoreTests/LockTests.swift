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

    /// A store with a kernel that has a configuration and a module.
    private func withKernel(
        _ body: (FilePath, KernelStore, Kernel, _ config: FilePath, _ modules: FilePath) async throws -> Void
    ) async throws {
        try await withScratchFolder { folder in
            let image = folder.appending("image")
            try image.write(FakeKernel.image(release: "6.2.9", payload: try await FakeKernel.payload(in: folder)))
            let config = folder.appending("config-6.2.9")
            try config.write("CONFIG_BPF=y\n")
            let modules = folder.appending("modules")
            try FileManager.default.createDirectory(atPath: modules.string, withIntermediateDirectories: false)
            try modules.appending("virtio_pci.ko").write(try await FakeKernel.module(in: folder))
            let store = try KernelStore(root: folder.appending("store"))
            let kernel = try await store.add("mine", image: image, modules: modules, config: config)
            try #require(!kernel.modules.isEmpty)
            try await body(folder, store, kernel, config, modules)
        }
    }

    @Test("configuration and modules are pinned too: another one beside the same image is named, and not tested")
    func parts() async throws {
        try await withKernel { folder, store, kernel, config, modules in
            var lock = KernelLock(at: folder.appending("lock"))
            lock.pin("mine", to: kernel)
            try lock.write()
            let pins = try KernelLock(reading: lock.path)
            #expect(pins == lock)
            let selection = KernelSelection(store: store, lock: pins, sources: KernelSources([]))
            #expect(try await selection.kernel("mine") { _ in } == kernel)
            func changes() async throws -> [String] {
                let error = await #expect(throws: KernelLockError.self) { try await selection.kernel("mine") { _ in } }
                guard case .changed("mine", _, _, let parts)? = error else {
                    Issue.record("\(String(describing: error))")
                    return []
                }
                #expect(error?.isAbsence == false)
                return parts
            }
            let image = folder.appending("image")
            _ = try await store.remove("mine")
            try config.write("CONFIG_BPF=n\n")
            _ = try await store.add("mine", image: image, modules: modules, config: config)
            #expect(try await changes() == ["configuration"])
            _ = try await store.remove("mine")
            _ = try await store.add("mine", image: image, modules: modules)
            #expect(try await changes() == ["configuration"])
            _ = try await store.remove("mine")
            try config.write("CONFIG_BPF=y\n")
            let module = modules.appending("virtio_pci.ko")
            try module.write(try module.contents + [0])
            _ = try await store.add("mine", image: image, modules: modules, config: config)
            #expect(try await changes() == ["modules virtio_pci.ko"])
        }
    }

    @Test("a pinned file whose configuration beside it has changed is told, though its image is the same")
    func changedBeside() async throws {
        try await withKernel { folder, store, _, config, _ in
            let word = "file:\(folder.appending("image"))"
            let kernel = try await store.pull(KernelSpec(word), from: .usual) { _ in }
            try #require(kernel.config != nil)
            var lock = KernelLock(at: folder.appending("lock"))
            lock.pin(word, to: kernel)
            let selection = KernelSelection(store: store, lock: lock, sources: KernelSources([]))
            #expect(try await selection.kernel(word) { _ in }.config == kernel.config)
            try config.write("CONFIG_BPF=n\n")
            let error = await #expect(throws: KernelLockError.self) { try await selection.kernel(word) { _ in } }
            guard case .changed(_, _, _, ["configuration"])? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test("a lock from before parts were pinned is met by the image alone, and a lock with parts is of the same form")
    func olderLock() async throws {
        try await withKernel { folder, store, kernel, config, modules in
            let path = folder.appending("lock")
            try path.write(
                """
                {"format": 2, "kernels": {"mine": {"origin": "added", "release": "6.2.9", "sha256": "\(kernel.digest)",
                 "source": "added from x", "version": "6.2.9"}}}
                """
            )
            let older = try KernelLock(reading: path)
            #expect(older.pin(of: "mine")?.isMet(by: kernel) == true)
            _ = try await store.remove("mine")
            let bare = try await store.add("mine", image: folder.appending("image"), modules: modules)
            #expect(older.pin(of: "mine")?.isMet(by: bare) == true)
            var newer = KernelLock(at: path)
            newer.pin("mine", to: kernel)
            try newer.write()
            let text = String(decoding: try path.contents, as: UTF8.self)
            #expect(
                text.contains("\"format\" : 2") && text.contains("\"configuration\"") && text.contains("virtio_pci.ko")
            )
            #expect(newer.pin(of: "mine")?.isMet(by: bare) == false)
        }
    }
}
