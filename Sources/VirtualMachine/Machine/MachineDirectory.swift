// SPDX-License-Identifier: Apache-2.0

import Foundation
import ScratchFolder
import SystemPackage

/// A machine's own files, in a folder that nobody else can enter and that goes with the machine.
struct MachineDirectory: Sendable {
    let path: FilePath

    /// Where QEMU meets the host; a Unix socket's path has 108 bytes at most (`sockaddr_un`), hence the short names.
    var socket: FilePath { path.appending("agent") }
    /// Where QEMU's monitor does.
    var monitor: FilePath { path.appending("qmp") }
    /// Through which a guest's state goes.
    var state: FilePath { path.appending("state") }
    /// Where a folder's server is met.
    func socket(of folder: SharedFolder) -> FilePath { path.appending("f-\(folder.tag)") }
    /// What the guest's kernel wrote to its serial port.
    var console: FilePath { path.appending("console") }
    var initramfs: FilePath { path.appending("initramfs") }

    private static let prefix = ".bpfmatrix-"
    /// `sun_path` without its terminating zero (unix(7)).
    private static let longestSocket = 107

    /// The user's folder for temporary files, unless a socket in it would have too long a name.
    private static var base: FilePath {
        let usual = FilePath(FileManager.default.temporaryDirectory.path(percentEncoded: false))
        let length = usual.string.utf8.count + prefix.utf8.count + ScratchFolders.nameLength + "//agent".utf8.count
        return length <= longestSocket ? usual : "/tmp"
    }

    static func with<Result>(_ body: (MachineDirectory) async throws -> Result) async throws -> Result {
        let folders = ScratchFolders(in: base, prefix: prefix)
        folders.sweep()
        do {
            return try await folders.with { try await body(MachineDirectory(path: $0)) }
        } catch let error as ScratchFolderError {
            throw MachineFailure(.noFolder("\(error)"), isAtStart: true)
        }
    }

    /// What the console has so far, its end where it is long.
    func consoleText(limit: Int = 64 << 10) -> String {
        guard let file = FileHandle(forReadingAtPath: console.string) else { return "" }
        defer { try? file.close() }
        let size = (try? file.seekToEnd()) ?? 0
        try? file.seek(toOffset: size > UInt64(limit) ? size - UInt64(limit) : 0)
        let bytes = (try? file.readToEnd()) ?? Data()
        // As bytes: in a String a carriage return and the newline after it are one character.
        return String(decoding: bytes.filter { $0 != UInt8(ascii: "\r") }, as: UTF8.self)
    }
}
