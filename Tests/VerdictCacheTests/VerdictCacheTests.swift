// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import SystemPackage
import TestKernels
import Testing

@testable import VerdictCache

@Suite struct VerdictCacheTests {
    private let key = QuestionKey(object: "aa", guest: "bb", loader: "agent")

    private func withFile<Result>(_ body: (FilePath) async throws -> Result) async throws -> Result {
        try await withScratchFolder { try await body($0.appending("verdicts.sqlite")) }
    }

    @Test("an answer is found again under its own key only, by another process too")
    func keys() async throws {
        try await withFile { path in
            try VerdictCache(at: path).keep([key: [1, 2, 3]])
            let others = [
                QuestionKey(object: "ab", guest: "bb", loader: "agent"),
                QuestionKey(object: "aa", variant: "x", guest: "bb", loader: "agent"),
                QuestionKey(object: "aa", guest: "bc", loader: "agent"),
                QuestionKey(object: "aa", guest: "bb", loader: "bpftool"),
            ]
            let answers = try VerdictCache(at: path).answers(to: [key] + others)
            #expect(answers == [key: [1, 2, 3]])
        }
    }

    @Test("a new answer takes the place of the old")
    func replaced() async throws {
        try await withFile { path in
            let cache = try VerdictCache(at: path)
            try cache.keep([key: [1]])
            try cache.keep([key: [2]])
            #expect(try cache.answers(to: [key]) == [key: [2]])
        }
    }

    @Test("nobody else can read it")
    func permissions() async throws {
        try await withFile { path in
            try VerdictCache(at: path).keep([key: [1]])
            let attributes = try FileManager.default.attributesOfItem(atPath: path.string)
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        }
    }

    @Test("a link in its place is not followed")
    func link() async throws {
        try await withFile { path in
            let elsewhere = path.removingLastComponent().appending("elsewhere")
            try FileManager.default.createSymbolicLink(
                atPath: path.string,
                withDestinationPath: elsewhere.string
            )
            #expect(throws: VerdictCacheError.self) { try VerdictCache(at: path) }
            #expect(!FileManager.default.fileExists(atPath: elsewhere.string))
        }
    }

    @Test("what is no database is told, and left alone")
    func corrupt() async throws {
        try await withFile { path in
            let junk = [UInt8](repeating: 0x5a, count: 8192)
            try path.write(junk)
            let error = #expect(throws: VerdictCacheError.self) { try VerdictCache(at: path) }
            #expect(error?.description.contains(path.string) == true)
            #expect(error?.reason == "file is not a database")
            #expect(try path.contents == junk)
        }
    }

    @Test("a database that breaks while it is open is told")
    func broken() async throws {
        try await withFile { path in
            let cache = try VerdictCache(at: path)
            try DatabaseQueue(path: path.string).write { try $0.execute(sql: "DROP TABLE answers") }
            #expect(throws: VerdictCacheError.self) { try cache.answers(to: [key]) }
            #expect(throws: VerdictCacheError.self) { try cache.keep([key: [1]]) }
        }
    }

    @Test("a database that somebody holds is told after a while")
    func locked() async throws {
        try await withFile { path in
            let cache = try VerdictCache(at: path)
            try DatabaseQueue(path: path.string).inDatabase { holder in
                try holder.execute(sql: "BEGIN EXCLUSIVE")
                let error = #expect(throws: VerdictCacheError.self) { try cache.keep([key: [1]]) }
                #expect(error?.reason == "database is locked")
                try holder.execute(sql: "ROLLBACK")
            }
            try cache.keep([key: [1]])
        }
    }

    @Test("one of another layout is begun anew")
    func layout() async throws {
        try await withFile { path in
            try DatabaseQueue(path: path.string).write {
                try $0.execute(sql: "CREATE TABLE answers (other TEXT); PRAGMA user_version = 99")
            }
            let cache = try VerdictCache(at: path)
            try cache.keep([key: [1]])
            #expect(try cache.answers(to: [key]) == [key: [1]])
        }
    }

    @Test("an answer that takes too much room is not kept, and the others are")
    func large() async throws {
        try await withFile { path in
            let cache = try VerdictCache(at: path)
            let huge = QuestionKey(object: "huge", guest: "bb", loader: "agent")
            try cache.keep([huge: [UInt8](repeating: 0, count: VerdictCache.mostBytesEach + 1), key: [1]])
            #expect(try cache.answers(to: [huge, key]) == [key: [1]])
        }
    }

    @Test("those make way that were not asked for the longest")
    func room() async throws {
        try await withFile { path in
            let cache = try VerdictCache(at: path)
            let keys = (0..<4).map { QuestionKey(object: "\($0)", guest: "bb", loader: "agent") }
            for key in keys { try cache.keep([key: [UInt8](repeating: 0, count: 100)]) }
            _ = try cache.answers(to: [keys[0]])
            try DatabaseQueue(path: path.string).write { try VerdictCache.makeRoom(in: $0, mostBytes: 250) }
            #expect(Set(try cache.answers(to: keys).keys) == [keys[0], keys[3]])
        }
    }
}
