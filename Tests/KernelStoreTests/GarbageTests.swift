// SPDX-License-Identifier: Apache-2.0

import FileLock
import Foundation
import SystemPackage
import TestKernels
import Testing

@testable import KernelStore

@Suite struct GarbageTests {
    @Test("kernels that a newer one of their line and source is here for are superseded, unless the lock pins them")
    func superseded() async throws {
        try await withScratchFolder { folder in
            let fixture = try await ArchiveFixture(in: folder.appending("fixture"))
            let store = try KernelStore(root: folder.appending("store"))
            let image = folder.appending("image")
            try image.write(FakeKernel.image(release: "6.1.1", payload: try await FakeKernel.payload(in: folder)))
            let own = try await store.add("mine", image: image)
            try await fixture.served { port in
                let archive = fixture.archive(port: port)
                let old = try await store.pull(.line("6.1"), from: archive) { _ in }
                #expect(try store.superseded(keeping: nil).isEmpty)
                try await fixture.addKernel("6.1.0-100-cloud-amd64", version: "6.1.1000-1")
                try await fixture.addKernel("6.2.0-1-cloud-amd64", version: "6.2.1-1")
                try await fixture.sign()
                let new = try await store.pull(.line("6.1"), from: archive) { _ in }
                _ = try await store.pull(.line("6.2"), from: archive) { _ in }
                #expect(try store.superseded(keeping: nil) == [old])
                #expect(own.line == new.line)
                var lock = KernelLock(at: folder.appending("lock"))
                lock.pin("6.1", to: old)
                #expect(try store.superseded(keeping: lock) == [])
            }
        }
    }

    @Test("downloads that broke off long ago go, those of today and of kernels that are here stay")
    func sweep() async throws {
        try await withScratchFolder { folder in
            let store = try KernelStore(root: folder.appending("store"))
            let image = folder.appending("image")
            try image.write(FakeKernel.image(release: "6.1.1", payload: try await FakeKernel.payload(in: folder)))
            _ = try await store.add("here", image: image)
            for name in ["here", "gone"] {
                let build = store.buildFolder(of: name)
                try FileManager.default.createDirectory(atPath: build.string, withIntermediateDirectories: true)
                try build.appending("vmlinux").write("x")
            }
            let download = store.root.appending("downloads/00.partial")
            try download.write("half")
            #expect(try await store.sweep().isEmpty)
            #expect(FileManager.default.fileExists(atPath: download.string))
            let later = Date(timeIntervalSinceNow: 8 * 24 * 3600)
            // Somebody is building it.
            try await FileLock.with(store.buildLock(of: "gone"), for: "a build", within: .zero) {
                let removed = try await store.sweep(now: later)
                #expect(removed.count == 1)
            }
            #expect(try await store.sweep(now: later) == ["what was built of gone"])
            #expect(!FileManager.default.fileExists(atPath: download.string))
            #expect(FileManager.default.fileExists(atPath: store.buildFolder(of: "here").string))
        }
    }
}
