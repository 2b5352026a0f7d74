// SPDX-License-Identifier: Apache-2.0

import Foundation
import Matrix
import Synchronization
import SystemPackage
import TestKernels
import Testing

@testable import KernelStore

/// Pulling from an archive on loopback that is honest, broken, or hostile.
@Suite struct PullTests {
    private func withArchive(_ body: @escaping @Sendable (ArchiveFixture, KernelStore) async throws -> Void)
        async throws
    {
        try await withScratchFolder { folder in
            let fixture = try await ArchiveFixture(in: folder.appending("fixture"))
            try await body(fixture, try KernelStore(root: folder.appending("store")))
        }
    }

    private func pull(_ spec: String, _ store: KernelStore, _ archive: PackageArchive) async throws -> Kernel {
        try await store.pull(KernelSpec(spec), from: archive) { _ in }
    }

    /// Nothing of what was refused may be left.
    private func expectEmpty(_ store: KernelStore) throws {
        let kept = try store.kernels()
        #expect(kept.isEmpty)
        for folder in ["blobs", "tmp"] {
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: store.root.appending(folder).string).isEmpty,
                "\(folder)"
            )
        }
        let left = try FileManager.default.contentsOfDirectory(atPath: store.root.appending("downloads").string)
        #expect(left.allSatisfy { $0.hasSuffix(".lock") }, "\(left)")
    }

    @Test("a kernel comes whole, by line, version, release and latest; the second time nothing is fetched")
    func honest() async throws {
        try await withArchive { fixture, store in
            try await fixture.served { port in
                let kernel = try await pull("6.1", store, fixture.archive(port: port))
                #expect(kernel.release == ArchiveFixture.release)
                #expect(kernel.version == "6.1.999")
                #expect(kernel.image.sha256.count == 64)
                #expect(kernel.config != nil)
                #expect(FileManager.default.fileExists(atPath: store.path(of: kernel.image).string))
                for spec in ["6.1.999", ArchiveFixture.release, "latest"] {
                    let again = try await pull(spec, store, fixture.archive(port: port))
                    #expect(again == kernel)
                }
                #expect(fixture.requests == [0])
                let removed = try await store.remove(ArchiveFixture.release)
                #expect(removed == kernel)
                #expect(!FileManager.default.fileExists(atPath: store.path(of: kernel.image).string))
            }
        }
    }

    @Test("a kernel whose modules the archive has dropped comes without them, says so, and is not fetched twice")
    func withoutModules() async throws {
        try await withArchive { fixture, store in
            try await fixture.addDividedKernel("6.19.7-cloud-amd64", version: "6.19.7-1", hasModules: false)
            try await fixture.sign()
            try await fixture.served { port in
                let notes = Mutex<[String]>([])
                let archive = fixture.archive(port: port)
                let kernel = try await store.pull(.line("6.19"), from: archive) { progress in
                    if case .note(let note) = progress { notes.withLock { $0.append(note) } }
                }
                #expect(kernel.release == "6.19.7-cloud-amd64")
                #expect(kernel.isWithoutModules == true && kernel.allModules == nil && kernel.isComplete)
                let note = try #require(notes.withLock { $0 }.last)
                #expect(note.hasPrefix("6.19.7-cloud-amd64 comes without modules: "))
                let requests = fixture.requests
                #expect(try await pull("6.19", store, archive) == kernel)
                #expect(fixture.requests == requests)
                #expect(try store.kernels().first { $0.release == kernel.release } == kernel)
            }
        }
    }

    @Test("the latest is the archive's, not the newest that happens to be here; without an archive it is that one")
    func latest() async throws {
        try await withArchive { fixture, store in
            try await fixture.addKernel("6.12.7-cloud-amd64", version: "6.12.7-1")
            try await fixture.sign()
            try await fixture.served { port in
                let archive = fixture.archive(port: port)
                let selection = KernelSelection(store: store, sources: KernelSources([.archive(archive)]))
                let old = try await selection.kernel("6.1") { _ in }
                #expect(old.version == "6.1.999")
                let latest = try await selection.kernel("latest") { _ in }
                #expect(latest.version == "6.12.7")
            }
            let closed = fixture.archive(port: 1)
            let selection = KernelSelection(
                store: try KernelStore(root: store.root),
                sources: KernelSources([.archive(closed)])
            )
            let latest = try await selection.kernel("latest") { _ in }
            #expect(latest.version == "6.12.7")
        }
    }

    @Test("a line that the archive lacks is told, with those that it has")
    func unknownLine() async throws {
        try await withArchive { fixture, store in
            try await fixture.served { port in
                let error = await #expect(throws: KernelStoreError.self) {
                    try await pull("4.4", store, fixture.archive(port: port))
                }
                #expect(error.map { "\($0)" }?.contains("What is there: 6.1") == true)
            }
        }
    }

    @Test("a package that was changed is refused, and nothing of it is kept")
    func tamperedPackage() async throws {
        try await withArchive { fixture, store in
            var bytes = try fixture.packageFile.contents
            bytes[bytes.count / 2] ^= 1
            try fixture.packageFile.write(bytes)
            try await fixture.served { port in
                let error = await #expect(throws: KernelStoreError.self) {
                    try await pull("6.1", store, fixture.archive(port: port))
                }
                guard case .refused = error else { Issue.record("\(String(describing: error))"); return }
                try expectEmpty(store)
            }
        }
    }

    @Test("an index that was changed is refused")
    func tamperedIndex() async throws {
        try await withArchive { fixture, store in
            var text = String(decoding: try fixture.index.contents, as: UTF8.self)
            text = text.replacing("Description: a kernel", with: "Description: A kernel")
            try fixture.index.write(text)
            try await fixture.served { port in
                let error = await #expect(throws: KernelStoreError.self) {
                    try await pull("6.1", store, fixture.archive(port: port))
                }
                guard case .archiveRefused = error else { Issue.record("\(String(describing: error))"); return }
                try expectEmpty(store)
            }
        }
    }

    @Test("an archive signed by somebody else is refused")
    func foreignKey() async throws {
        try await withArchive { fixture, store in
            let other = try await ArchiveFixture(in: fixture.folder.appending("other"))
            try await fixture.served { port in
                let error = await #expect(throws: KernelStoreError.self) {
                    try await pull("6.1", store, other.archive(port: port))
                }
                guard case .archiveRefused = error else { Issue.record("\(String(describing: error))"); return }
                try expectEmpty(store)
            }
        }
    }

    @Test("an index past its date: told and used, or refused where that is asked for")
    func expired() async throws {
        try await withArchive { fixture, store in
            try await fixture.sign(validUntil: "Sat, 01 Jan 2022 00:00:00 UTC")
            try await fixture.served { port in
                let error = await #expect(throws: KernelStoreError.self) {
                    try await pull("6.1", store, fixture.archive(port: port, isStrict: true))
                }
                guard case .archiveRefused = error else { Issue.record("\(String(describing: error))"); return }
                let (notes, continuation) = AsyncStream.makeStream(of: String.self)
                _ = try await store.pull(.line("6.1"), from: fixture.archive(port: port)) { progress in
                    if case .note(let text) = progress { continuation.yield(text) }
                }
                continuation.finish()
                var told: [String] = []
                for await note in notes { told.append(note) }
                #expect(told.contains { $0.contains("2022") }, "\(told)")
            }
        }
    }

    @Test("a connection that breaks off is gone on from where it broke")
    func resume() async throws {
        try await withArchive { fixture, store in
            try await fixture.served(behaviour: ["CUT_AFTER": "300000"]) { port in
                _ = try await pull("6.1", store, fixture.archive(port: port))
                #expect(fixture.requests.count == 2)
                #expect((fixture.requests.last ?? 0) > 0)
            }
        }
    }

    @Test("a server without ranges is begun anew")
    func noRanges() async throws {
        try await withArchive { fixture, store in
            try await fixture.served(behaviour: ["CUT_AFTER": "300000", "NO_RANGES": "1"]) { port in
                _ = try await pull("6.1", store, fixture.archive(port: port))
                #expect(fixture.requests == [0, 0])
            }
        }
    }

    @Test("an archive that does not answer, or not with packages, is told; what was verified before goes on being used")
    func down() async throws {
        try await withArchive { fixture, store in
            let nobody = fixture.archive(port: 1)
            let error = await #expect(throws: KernelStoreError.self) { try await pull("6.1", store, nobody) }
            guard case .archiveUnreadable = error else { Issue.record("\(String(describing: error))"); return }
            try await fixture.served(behaviour: ["STATUS": "503"]) { port in
                let error = await #expect(throws: KernelStoreError.self) {
                    try await pull("6.1", store, fixture.archive(port: port))
                }
                #expect(error.map { "\($0)" }?.contains("503") == true)
                try expectEmpty(store)
            }
        }
    }

    @Test("a package whose image is of another kernel is refused")
    func mislabelled() async throws {
        try await withArchive { fixture, store in
            try await fixture.addKernel("6.7.0-1-cloud-amd64", version: "6.7.1-1", imageRelease: "5.4.0-other")
            try await fixture.sign()
            try await fixture.served { port in
                await #expect(
                    throws: KernelStoreError.anotherKernel(expected: "6.7.0-1-cloud-amd64", found: "5.4.0-other")
                ) {
                    try await pull("6.7", store, fixture.archive(port: port))
                }
                let kept = try store.kernels()
                #expect(kept.isEmpty)
            }
        }
    }

    @Test("two pulls of the same kernel at once both succeed, and fetch it once")
    func together() async throws {
        try await withArchive { fixture, store in
            try await fixture.served { port in
                let archive = fixture.archive(port: port)
                async let one = pull("6.1", store, archive)
                async let other = pull("6.1", store, archive)
                let kernels = try await [one, other]
                #expect(kernels[0].image == kernels[1].image)
                #expect(try store.kernels().count == 1)
            }
        }
    }
}
