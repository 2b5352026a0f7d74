// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage

/// Who holds a lock, as far as the kernel says.
struct LockHolder: CustomStringConvertible {
    /// nil where it is not known: the holder is in another container, or the file system has numbers of its own for files.
    let process: Int?
    /// Its command line.
    let command: String?

    var description: String {
        guard let process else { return "another process" }
        return "process \(process)" + (command.map { " (\($0))" } ?? "")
    }

    /// Columns of a command line that are shown.
    private static let longestCommand = 60

    init(of file: FileDescriptor) {
        var status = stat()
        let table = try? String(contentsOfFile: "/proc/locks", encoding: .utf8)
        guard fstat(file.rawValue, &status) == 0, let table else {
            self.init(process: nil, command: nil)
            return
        }
        let process = Self.process(
            holding: UInt64(status.st_ino),
            on: Self.numbers(of: UInt64(status.st_dev)),
            in: table
        )
        // Whoever has taken it may have left it to its children, and ended.
        let isThere = process.map { FileManager.default.fileExists(atPath: "/proc/\($0)") } ?? false
        self.init(process: isThere ? process : nil, command: process.flatMap(Self.command))
    }

    private init(process: Int?, command: String?) {
        self.process = process
        self.command = command
    }

    /// Looks for `1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF` (proc(5), /proc/locks); a process that waits has `->` before
    /// its kind, and one of another namespace the number 0.
    static func process(holding inode: UInt64, on device: (major: UInt32, minor: UInt32), in table: String) -> Int? {
        for line in table.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count >= 6, words[1] == "FLOCK", let process = Int(words[4]), process > 0 else { continue }
            let place = words[5].split(separator: ":")
            guard place.count == 3, UInt32(place[0], radix: 16) == device.major,
                UInt32(place[1], radix: 16) == device.minor, UInt64(place[2]) == inode
            else { continue }
            return process
        }
        return nil
    }

    /// As makedev(3) has packed them; the macros that unpack them are none of Swift's.
    static func numbers(of device: UInt64) -> (major: UInt32, minor: UInt32) {
        (
            UInt32(truncatingIfNeeded: device >> 8 & 0xfff | device >> 32 & 0xffff_f000),
            UInt32(truncatingIfNeeded: device & 0xff | device >> 12 & 0xffff_ff00)
        )
    }

    private static func command(of process: Int) -> String? {
        guard let line = FileManager.default.contents(atPath: "/proc/\(process)/cmdline"), !line.isEmpty else {
            return nil
        }
        return text(ofCommandLine: Array(line))
    }

    /// The program without its folder, and its arguments, with nothing in them that a terminal would obey.
    static func text(ofCommandLine line: [UInt8]) -> String {
        var words = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        if let program = words.first { words[0] = program.split(separator: "/").last.map(String.init) ?? program }
        let text = words.joined(separator: " ").unicodeScalars.map { scalar in
            [.control, .format, .lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory)
                ? " " : String(scalar)
        }.joined()
        return text.count > longestCommand ? text.prefix(longestCommand) + "…" : text
    }
}
