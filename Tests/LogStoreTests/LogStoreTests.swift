// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Foundation
import LogStore
import SystemPackage
import TestKernels
import Testing

@Suite struct LogStoreTests {
    private func withStore(_ body: (LogStore, FilePath) async throws -> Void) async throws {
        try await withScratchFolder { try await body(LogStore(at: $0.appending("logs")), $0.appending("logs")) }
    }

    @Test("a log is found by its digest, byte for byte, and others are not")
    func keeping() async throws {
        try await withStore { store, folder in
            let log: [UInt8] = Array("0: (95) exit\n".utf8) + [0xff, 0]
            let digest = ContentDigest(of: log)
            #expect(store.log(digest) == nil)
            try store.keep(log, digest: digest)
            try store.keep(log, digest: digest)
            #expect(store.log(digest) == log)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.string) == [digest.hexadecimal])
            let mode = try FileManager.default.attributesOfItem(atPath: folder.string)[.posixPermissions] as? Int
            #expect(mode == 0o700)
        }
    }

    @Test("a file that is not what its name says is no log, and goes")
    func damage() async throws {
        try await withStore { store, folder in
            let log = Array("log".utf8)
            let digest = ContentDigest(of: log)
            try store.keep(log, digest: digest)
            try folder.appending(digest.hexadecimal).write("changed")
            #expect(store.log(digest) == nil)
            try store.keep(log, digest: digest)
            #expect(store.log(digest) == log)
            try folder.appending(digest.hexadecimal).write("")
            try store.keep(log, digest: digest)
            #expect(store.log(digest) == log)
        }
    }

    @Test("beyond the limit those go that were not used for the longest")
    func limit() async throws {
        try await withStore { store, folder in
            let logs = (0..<4).map { [UInt8](repeating: UInt8($0), count: 100) }
            for (age, log) in logs.enumerated() {
                let digest = ContentDigest(of: log)
                try store.keep(log, digest: digest)
                let used = Date(timeIntervalSinceNow: Double(-1000 * age))
                try FileManager.default.setAttributes(
                    [.modificationDate: used],
                    ofItemAtPath: folder.appending(digest.hexadecimal).string
                )
            }
            // To be read is to be used.
            _ = store.log(ContentDigest(of: logs[3]))
            #expect(store.collect(mostBytes: 250) == (2, 200))
            #expect(logs.map { store.log(ContentDigest(of: $0)) != nil } == [true, false, false, true])
            #expect(store.collect(mostBytes: 0) == (2, 0))
        }
    }

    @Test("what a killed process was writing goes when it is old, and not while it may be at it")
    func leftovers() async throws {
        try await withStore { store, folder in
            try store.keep([1], digest: ContentDigest(of: [1]))
            for (name, age) in [("new.part", 10.0), ("old.part", 10_000)] {
                try folder.appending(name).write("half")
                try FileManager.default.setAttributes(
                    [.modificationDate: Date(timeIntervalSinceNow: -age)],
                    ofItemAtPath: folder.appending(name).string
                )
            }
            store.collect()
            let names = try FileManager.default.contentsOfDirectory(atPath: folder.string)
            #expect(names.contains("new.part") && !names.contains("old.part"))
        }
    }

    @Test("a folder that can't be written to is an error that names it")
    func unwritable() async throws {
        try await withScratchFolder { folder in
            try folder.appending("logs").write("no folder")
            let store = LogStore(at: folder.appending("logs"))
            #expect(throws: LogStoreError.self) { try store.keep([1], digest: ContentDigest(of: [1])) }
        }
    }
}
