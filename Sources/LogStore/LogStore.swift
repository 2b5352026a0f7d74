// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Foundation
import Synchronization
import SystemPackage

/// Why a log is not kept whole, which costs no verdict.
public struct LogStoreError: Error, Hashable, CustomStringConvertible {
    public let path: String
    public let reason: String

    public var description: String { "logs are not kept whole: \(path): \(reason)" }
}

/// Whole verifier logs as files, each under the SHA-256 of its bytes: results have excerpts of them.
///
/// Any number of processes may use the folder at once: a file is written beside its place and renamed into it, and whatever
/// its name promises is checked when it is read. It may be removed at any time.
public final class LogStore: Sendable {
    private let folder: FilePath
    /// Beyond this those go that were not used for the longest.
    public static let mostBytes = 1 << 30
    /// The folder is looked through each time that so many bytes were written.
    private static let bytesBetweenLooks = 64 << 20
    /// What a killed process has left behind is older than this, in seconds.
    private static let patienceWithLeftovers = 3600.0
    private static let partSuffix = ".part"

    /// Bytes written since the folder was looked through. Locked because guests answer at the same time.
    private let written = Mutex(0)

    /// - Parameter folder: made when the first log is kept.
    public init(at folder: FilePath) {
        self.folder = folder
    }

    /// Keeps a log; one that is there already counts as used.
    public func keep(_ log: [UInt8], digest: ContentDigest) throws(LogStoreError) {
        let place = path(of: digest)
        do {
            // Of the right size: a loss of power may have left less.
            if size(of: place) == log.count, touch(place) { return }
            try FileManager.default.createDirectory(
                atPath: folder.string,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
            let part = folder.appending(UUID().uuidString + Self.partSuffix)
            do {
                let file = try FileDescriptor.open(
                    part,
                    .writeOnly,
                    options: [.create, .exclusiveCreate, .closeOnExec],
                    permissions: .ownerReadWrite
                )
                try file.closeAfter { _ = try file.writeAll(log) }
                guard rename(part.string, place.string) == 0 else { throw Errno(rawValue: errno) }
            } catch {
                unlink(part.string)
                throw error
            }
        } catch {
            throw LogStoreError(path: folder.string, reason: Self.reason(error))
        }
        let isTimeToLook = written.withLock { bytes in
            bytes += log.count
            guard bytes >= Self.bytesBetweenLooks else { return false }
            bytes = 0
            return true
        }
        if isTimeToLook { collect() }
    }

    /// The log with that digest; nil where it is not there, or is not what its name says.
    public func log(_ digest: ContentDigest) -> [UInt8]? {
        let place = path(of: digest)
        guard let data = FileManager.default.contents(atPath: place.string) else { return nil }
        let bytes = [UInt8](data)
        guard ContentDigest(of: bytes) == digest else {
            unlink(place.string)
            return nil
        }
        touch(place)
        return bytes
    }

    /// Removes the logs that were not used for the longest, until the others take no more than this.
    ///
    /// - Returns: how many were removed, and the bytes that are left.
    @discardableResult
    public func collect(mostBytes: Int = LogStore.mostBytes) -> (removed: Int, bytes: Int) {
        var files: [(path: String, size: Int, used: Date)] = []
        let now = Date()
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder.string)) ?? [] {
            let path = folder.appending(name).string
            guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
                let size = attributes[.size] as? Int, let used = attributes[.modificationDate] as? Date
            else { continue }
            if name.hasSuffix(Self.partSuffix) {
                // Another process may be at it.
                if used < now - Self.patienceWithLeftovers { unlink(path) }
            } else {
                files.append((path, size, used))
            }
        }
        var (removed, bytes) = (0, 0)
        for file in files.sorted(by: { $0.used > $1.used }) {
            if bytes + file.size <= mostBytes {
                bytes += file.size
            } else if unlink(file.path) == 0 {
                removed += 1
            }
        }
        return (removed, bytes)
    }

    private func path(of digest: ContentDigest) -> FilePath { folder.appending(digest.hexadecimal) }

    private func size(of path: FilePath) -> Int? {
        (try? FileManager.default.attributesOfItem(atPath: path.string))?[.size] as? Int
    }

    /// Notes that a log is of use; false where there is none.
    @discardableResult
    private func touch(_ path: FilePath) -> Bool { utimes(path.string, nil) == 0 }

    private static func reason(_ error: any Error) -> String {
        (error as? Errno)?.description ?? error.localizedDescription
    }
}
