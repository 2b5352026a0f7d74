// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Foundation
import SystemPackage

/// A file of a guest's initramfs, known by what is in it.
public struct GuestFile: Sendable, Hashable {
    /// Its path in the guest, without the leading slash.
    public let name: String
    /// Permissions, `0o755`.
    public let mode: UInt32
    /// Where its bytes are on the host.
    public let source: FilePath
    public let digest: ContentDigest

    public init(name: String, mode: UInt32, source: FilePath, digest: ContentDigest) {
        self.name = name
        self.mode = mode
        self.source = source
        self.digest = digest
    }

    /// Reads the file to know its digest.
    init(name: String, mode: UInt32, reading source: FilePath) throws(GuestInitramfs.Failure) {
        guard let digest = ContentDigest(ofFile: source) else {
            throw .unreadable(path: source.string, reason: "it is missing, or may not be read")
        }
        self.init(name: name, mode: mode, source: source, digest: digest)
    }

    func bytes() throws(GuestInitramfs.Failure) -> [UInt8] {
        let bytes: [UInt8]
        do {
            bytes = Array(try Data(contentsOf: URL(filePath: source.string)))
        } catch {
            throw .unreadable(path: source.string, reason: error.localizedDescription)
        }
        guard ContentDigest(of: bytes) == digest else {
            throw .unreadable(path: source.string, reason: "it has been changed since this run began, or is damaged")
        }
        return bytes
    }
}

/// What every guest of a run has, whichever kernel it runs.
public struct GuestTools: Sendable, Hashable {
    public let agent: FilePath
    public let bpftool: BPFTool?
    let files: [GuestFile]

    /// - Parameter agent: the static agent, which becomes `/init`.
    public init(agent: FilePath, bpftool: BPFTool?) throws(GuestInitramfs.Failure) {
        self.agent = agent
        self.bpftool = bpftool
        var files = [try GuestFile(name: "init", mode: 0o755, reading: agent)]
        if let bpftool {
            files.append(try GuestFile(name: "usr/sbin/bpftool", mode: 0o755, reading: bpftool.path))
            for library in bpftool.libraries {
                // At their own absolute paths, where the loader looks for them.
                files.append(try GuestFile(name: String(library.string.dropFirst()), mode: 0o755, reading: library))
            }
        }
        self.files = files
    }

    /// By which verdicts know who loaded.
    public var digest: ContentDigest { ContentDigest(of: Data(files.map(\.line).joined().utf8)) }
}

extension GuestFile {
    /// All that matters of it, in a line.
    var line: String { "\(name) \(String(mode, radix: 8)) \(digest)\n" }
}
