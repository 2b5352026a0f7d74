// SPDX-License-Identifier: Apache-2.0

import Foundation
import GRDB
import SystemPackage

/// What decides an answer: the same question to the same guest gets it again.
public struct QuestionKey: Sendable, Hashable {
    /// SHA-256 of the object's bytes, hexadecimal.
    public var object: String
    /// What is changed in the object before it is loaded; empty where it is loaded as it is.
    public var variant: String
    /// Digest of everything that the guest is made of: kernel, agent, bpftool, hardware, command line; hexadecimal.
    public var guest: String
    /// Who loads, and how.
    public var loader: String

    public init(object: String, variant: String = "", guest: String, loader: String) {
        self.object = object
        self.variant = variant
        self.guest = guest
        self.loader = loader
    }
}

/// Why answers are not remembered, which costs time and nothing else.
public struct VerdictCacheError: Error, Hashable, CustomStringConvertible {
    public let path: String
    public let reason: String

    public var description: String {
        "verdicts are not remembered: \(path): \(reason) (without that file a new one is begun)"
    }
}

/// Answers that kernels have given before, in one SQLite file that any number of processes may use at once.
///
/// An answer is what a guest said, as bytes: what it amounts to is judged anew each time. The file is a cache: it may be
/// removed at any time, and one of another layout is begun anew.
public struct VerdictCache: Sendable {
    private let path: FilePath
    private let database: DatabaseQueue

    /// The layout of the table; `PRAGMA user_version`.
    private static let layout = 1
    /// How long another process that writes is waited for, in seconds.
    private static let patience = 2.0
    /// An answer that takes more than this is not worth keeping. Long logs are not among it: they lie elsewhere.
    public static let mostBytesEach = 8 << 20
    /// Beyond this those go that were not asked for the longest.
    public static let mostBytes = 256 << 20

    /// Opens the file, or makes it, for this user only.
    public init(at path: FilePath) throws(VerdictCacheError) {
        self.path = path
        database = try Self.attempt(at: path) {
            var configuration = Configuration()
            configuration.busyMode = .timeout(Self.patience)
            configuration.prepareDatabase { connection in
                // Readers and a writer at once; after a loss of power the last answers may be missing, never damaged.
                try connection.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
            }
            // SQLite would make it readable for all that the umask lets.
            try FileDescriptor.open(
                path,
                .readWrite,
                options: [.create, .closeOnExec, .noFollow],
                permissions: .ownerReadWrite
            )
            .close()
            let database = try DatabaseQueue(path: path.string, configuration: configuration)
            try database.write(Self.lay)
            return database
        }
    }

    /// The answers that are known, and a note that they were of use.
    public func answers(to keys: [QuestionKey]) throws(VerdictCacheError) -> [QuestionKey: [UInt8]] {
        try Self.attempt(at: path) {
            try database.write { connection in
                let find = try connection.makeStatement(
                    sql: "SELECT answer FROM answers WHERE object = ? AND variant = ? AND guest = ? AND loader = ?"
                )
                let touch = try connection.makeStatement(
                    sql: "UPDATE answers SET used = ? WHERE object = ? AND variant = ? AND guest = ? AND loader = ?"
                )
                var answers: [QuestionKey: [UInt8]] = [:]
                for key in keys {
                    let names: [any DatabaseValueConvertible] = [key.object, key.variant, key.guest, key.loader]
                    guard let answer = try Data.fetchOne(find, arguments: StatementArguments(names)) else { continue }
                    answers[key] = Array(answer)
                    try touch.execute(arguments: StatementArguments([Self.now] + names))
                }
                return answers
            }
        }
    }

    /// Forgets answers that can't be relied on any more.
    public func forget(_ keys: [QuestionKey]) throws(VerdictCacheError) {
        guard !keys.isEmpty else { return }
        try Self.attempt(at: path) {
            try database.write { connection in
                let delete = try connection.makeStatement(
                    sql: "DELETE FROM answers WHERE object = ? AND variant = ? AND guest = ? AND loader = ?"
                )
                for key in keys { try delete.execute(arguments: [key.object, key.variant, key.guest, key.loader]) }
            }
        }
    }

    /// Keeps answers, except those that take too much room; what has not been asked for the longest makes way.
    public func keep(_ answers: [QuestionKey: [UInt8]]) throws(VerdictCacheError) {
        let kept = answers.filter { $0.value.count <= Self.mostBytesEach }
        guard !kept.isEmpty else { return }
        try Self.attempt(at: path) {
            try database.write { connection in
                let insert = try connection.makeStatement(
                    sql: """
                        INSERT OR REPLACE INTO answers (object, variant, guest, loader, answer, used)
                        VALUES (?, ?, ?, ?, ?, ?)
                        """
                )
                for (key, answer) in kept {
                    try insert.execute(
                        arguments: [key.object, key.variant, key.guest, key.loader, Data(answer), Self.now]
                    )
                }
                try Self.makeRoom(in: connection, mostBytes: Self.mostBytes)
            }
        }
    }

    static func makeRoom(in connection: Database, mostBytes: Int) throws {
        try connection.execute(
            sql: """
                DELETE FROM answers WHERE rowid IN (
                    SELECT rowid FROM (
                        SELECT rowid, sum(length(answer)) OVER (ORDER BY used DESC, rowid DESC) AS running FROM answers
                    ) WHERE running > ?
                )
                """,
            arguments: [mostBytes]
        )
    }

    private static func lay(_ connection: Database) throws {
        guard try Int.fetchOne(connection, sql: "PRAGMA user_version") != layout else { return }
        try connection.execute(
            sql: """
                DROP TABLE IF EXISTS answers;
                CREATE TABLE answers (
                    object TEXT NOT NULL,
                    variant TEXT NOT NULL,
                    guest TEXT NOT NULL,
                    loader TEXT NOT NULL,
                    answer BLOB NOT NULL,
                    used REAL NOT NULL,
                    UNIQUE (object, variant, guest, loader)
                );
                PRAGMA user_version = \(layout);
                """
        )
    }

    /// Seconds since 1970.
    private static var now: Double { Date().timeIntervalSince1970 }

    private static func attempt<Result>(
        at path: FilePath,
        _ body: () throws -> Result
    ) throws(VerdictCacheError) -> Result {
        do {
            return try body()
        } catch let error as DatabaseError {
            throw VerdictCacheError(path: path.string, reason: error.message ?? "SQLite says \(error.resultCode)")
        } catch {
            throw VerdictCacheError(path: path.string, reason: "\(error)")
        }
    }
}
