// SPDX-License-Identifier: Apache-2.0

import Foundation
import Matrix
import Platform
import Results
import Synchronization
import SystemPackage
import TestKernels
import Testing

@testable import KernelStore

/// What a user's words for kernels mean.
@Suite struct WordTests {
    private func add(_ name: String, _ release: String, to store: KernelStore, in folder: FilePath) async throws
        -> Kernel
    {
        let image = folder.appending("image-\(name)")
        try image.write(FakeKernel.image(release: release, payload: try await FakeKernel.payload(in: folder)))
        return try await store.add(name, image: image)
    }

    /// What a selection has reported.
    private final class Notes: Sendable {
        // A lock, since reports come from wherever the selection runs; held for one access.
        private let notes = Mutex<[String]>([])

        func add(_ event: RunEvent) {
            guard case .note(let text) = event else { return }
            notes.withLock { $0.append(text) }
        }

        var all: [String] { notes.withLock { $0 } }
    }

    private func withArchive(
        _ body: @escaping @Sendable (PackageArchive, KernelStore, _ folder: FilePath) async throws -> Void
    ) async throws {
        try await withScratchFolder { folder in
            let fixture = try await ArchiveFixture(in: folder.appending("fixture"))
            let store = try KernelStore(root: folder.appending("store"))
            try await fixture.served { port in try await body(fixture.archive(port: port), store, folder) }
        }
    }

    @Test(
        "a question mark at the end of a word makes the kernel optional, and is no part of the word",
        arguments: [
            ("5.15?", "5.15", true), ("5.15", "5.15", false), ("lvh:6.6?", "lvh:6.6", true), ("?", "?", false),
            ("latest?", "latest", true),
        ]
    )
    func words(word: String, text: String, isOptional: Bool) {
        #expect(KernelWord(word).text == text && KernelWord(word).isOptional == isOptional)
    }

    @Test("info, remove and export are told the same kernel by a name, a release, a version or a line")
    func called() async throws {
        try await withArchive { archive, store, folder in
            let pulled = try await store.pull(.line("6.1"), from: archive) { _ in }
            let own = try await add("mine", "6.9.3-mine", to: store, in: folder)
            let other = try await add("rival", "6.1.77-rival", to: store, in: folder)
            let file = try await store.pull(.file(folder.appending("image-mine").string), from: .usual) { _ in }
            let sources = KernelSources([.archive(archive)])
            func find(_ word: String) throws -> (kernel: Kernel, notes: [String]) {
                var notes: [String] = []
                let kernel = try store.kernel(called: word, of: sources) { notes.append($0) }
                return (kernel, notes)
            }
            for word in [pulled.name, pulled.release, "6.1.999", "6.1", "latest", "lts", "debian:6.1"] {
                let found = try find(word)
                #expect(found.kernel == pulled && found.notes.isEmpty, "\(word)")
            }
            #expect(try find("mine").kernel == own && find("mine").notes.isEmpty)
            #expect(try find("rival").kernel == other)
            #expect(try find("file:\(folder.appending("image-mine"))").kernel == file)
            for word in ["6.9", "6.9.3"] {
                let found = try find(word)
                #expect(found.kernel == own)
                #expect(found.notes == ["\(word) is mine (6.9.3-mine), a kernel of your own: nothing else has \(word)"])
            }
            for word in ["6.8", "6.9.4", "nobody", "file:/nowhere", "lvh:6.9"] {
                #expect(throws: KernelStoreError.self) { try find(word) }
            }
        }
    }

    @Test("a line that no source has means a kernel of the user's own, and a note says so; else it never does")
    func ownByLine() async throws {
        try await withArchive { archive, store, folder in
            let selection = KernelSelection(store: store, sources: KernelSources([.archive(archive)]))
            let own = try await add("mine", "6.9.3-mine", to: store, in: folder)
            _ = try await add("old", "6.9.1", to: store, in: folder)
            _ = try await add("rival", "6.1.5000", to: store, in: folder)
            let notes = Notes()
            #expect(try await selection.kernel("6.9") { notes.add($0) } == own)
            #expect(
                notes.all.contains { $0.hasPrefix("6.9 is mine (6.9.3-mine), a kernel of your own") },
                "\(notes.all)"
            )
            #expect(try await selection.kernel("6.1") { notes.add($0) }.release == ArchiveFixture.release)
            #expect(try await selection.kernel("6.9.1") { notes.add($0) }.name == "old")
            await #expect(throws: KernelStoreError.self) { try await selection.kernel("6.9.2") { notes.add($0) } }
            // It is pinned like any other.
            var lock = KernelLock(at: folder.appending("lock"))
            lock.pin("6.9", to: own)
            let pinned = KernelSelection(store: store, lock: lock, sources: KernelSources([.archive(archive)]))
            #expect(try await pinned.kernel("6.9") { notes.add($0) } == own)
        }
    }

    @Test(
        "an optional kernel that no source has is left out with a note, and a required one is a column without verdicts"
    )
    func optional() async throws {
        try await withArchive { archive, store, folder in
            let selection = KernelSelection(store: store, sources: KernelSources([.archive(archive)]))
            let notes = Notes()
            let selected = try await selection.select(["5.15?", "6.1?", "6.6"]) { notes.add($0) }
            #expect(selected.map(\.spec) == ["6.1", "6.6"])
            #expect(selected.map { $0.kernel?.release } == [ArchiveFixture.release, nil])
            #expect(notes.all.contains { $0.hasPrefix("5.15 is left out: no kernel 5.15 in debian") }, "\(notes.all)")
            // A source that can't be asked has nothing; a word that names none is a mistake.
            let nobody = KernelSources([
                .archive(archive), .registry(try RegistrySource(name: "r", address: "127.0.0.1:1/x")),
            ])
            let alone = KernelSelection(store: store, sources: nobody)
            #expect(try await alone.select(["5.15?", "r:5.15?"]) { notes.add($0) }.isEmpty)
            let unknown = try await alone.select(["nobody:5.15?"]) { notes.add($0) }
            #expect(unknown.map(\.spec) == ["nobody:5.15"] && unknown.first?.kernel == nil)
            // What a lock does not pin is no column either; what it pins must be had.
            var lock = KernelLock(at: folder.appending("lock"))
            lock.pin("6.1", to: try #require(selected.first?.kernel))
            let pinned = KernelSelection(store: store, lock: lock, sources: KernelSources([.archive(archive)]))
            #expect(try await pinned.select(["6.1?", "5.15?"]) { notes.add($0) }.map(\.spec) == ["6.1"])
        }
    }

    @Test("an optional kernel that is refused, or breaks off, is not forgiven")
    func refused() async throws {
        try await withScratchFolder { folder in
            let fixture = try await ArchiveFixture(in: folder.appending("fixture"))
            let store = try KernelStore(root: folder.appending("store"))
            try await fixture.addKernel("6.8.0-1-cloud-amd64", version: "6.8.1-1", imageRelease: "6.7.0")
            try await fixture.sign()
            try await fixture.served { port in
                let sources = KernelSources([.archive(fixture.archive(port: port))])
                let selected = try await KernelSelection(store: store, sources: sources).select(["6.8?"]) { _ in }
                #expect(selected.map(\.spec) == ["6.8"])
                guard case .unavailable(_, let reason)? = selected.first else { Issue.record("\(selected)"); return }
                #expect(reason.contains("6.7.0"))
            }
        }
        let brokenOff = KernelStoreError.notDownloaded(what: "x", reason: "the connection was closed")
        let nobody = KernelStoreError.notOffered(spec: "5.15", by: "debian", offered: [])
        #expect(!brokenOff.isAbsence && nobody.isAbsence)
        for (error, expected) in [(nobody, true), (brokenOff, false)] {
            let answers = [nobody, error].map { SourceAnswer(source: "x", answer: "\($0)", isAbsence: $0.isAbsence) }
            #expect(KernelStoreError.noSource(spec: "5.15", answers: answers).isAbsence == expected)
        }
    }

    @Test(
        "the store is where the user says, also by a relative path; a relative cache folder counts for nothing",
        arguments: [
            (["BPFMATRIX_STORE": "/a/store"], "/a/store"), (["BPFMATRIX_STORE": "store"], "store"),
            (["XDG_CACHE_HOME": "/c"], "/c/bpfmatrix"),
            (["XDG_CACHE_HOME": "c"], "\(NSHomeDirectory())/.cache/bpfmatrix"),
            (["XDG_CACHE_HOME": "", "BPFMATRIX_STORE": ""], "\(NSHomeDirectory())/.cache/bpfmatrix"),
        ] as [([String: String], String)]
    )
    func root(environment: [String: String], expected: String) {
        #expect(KernelStore.defaultRoot(environment: environment).string == expected)
    }
}
