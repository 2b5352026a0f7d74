// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A line of what `scripts/test-bpf-in-vm.sh` writes, which says what it found in JSON.
enum ImageLine: Sendable, Hashable {
    /// The first.
    case loader(Loader)
    case object(Outcome)
    /// The last: so many objects were asked about.
    case end(objects: Int)

    /// Who loads.
    struct Loader: Codable, Sendable, Hashable {
        /// Of the lines.
        let format: Int
        let loader: String
        let version: String
        /// `uname -r`.
        let kernel: String
        /// The kernel's taint flags.
        let tainted: UInt64
    }

    /// What came of one object.
    struct Outcome: Codable, Sendable, Hashable {
        /// The file's name.
        let object: String
        /// Of the bytes that were loaded, hexadecimal.
        let sha256: String
        /// bpftool's exit status.
        let status: Int32
        /// Names of programs that it has pinned.
        let programs: [String]
        /// The kernel's taint flags after that.
        let tainted: UInt64
        /// All that bpftool has printed.
        let log: String

        /// `status` as of a process: negative where a signal ended it, or where it could not be run at all. A shell reports
        /// those as 126, 127, and 128 and the signal's number (POSIX, Shell Command Language, 2.8.2); bpftool itself says 255.
        var answer: Int32 {
            switch status {
            case 126...127, 129...192: -status
            default: status
            }
        }
    }

    private struct End: Codable {
        let end: Bool
        let objects: Int
    }

    /// Why a line can't be understood.
    struct Unreadable: Error, CustomStringConvertible {
        let line: String

        var description: String { "the image's script wrote a line that is none of its form: \(line.prefix(200))" }
    }

    init(_ bytes: some Sequence<UInt8>) throws(Unreadable) {
        // What a log holds is anything; JSON has only text.
        let text = String(decoding: Array(bytes), as: UTF8.self)
        let data = Data(text.utf8)
        let decoder = JSONDecoder()
        if let outcome = try? decoder.decode(Outcome.self, from: data) {
            self = .object(outcome)
        } else if let loader = try? decoder.decode(Loader.self, from: data) {
            self = .loader(loader)
        } else if let end = try? decoder.decode(End.self, from: data) {
            self = .end(objects: end.objects)
        } else {
            throw Unreadable(line: text)
        }
    }
}

/// Lines out of pieces.
struct LineSplitter: Sendable {
    private var rest: [UInt8] = []
    /// A line holds a whole verifier log, each byte of which may take six in JSON.
    private static let longest = 400 << 20

    /// A line without an end.
    struct TooLong: Error, CustomStringConvertible {
        var description: String { "the image's script wrote a line of more than \(LineSplitter.longest >> 20) MB" }
    }

    /// The lines that are whole with these bytes, without their ends.
    mutating func add(_ bytes: [UInt8]) throws(TooLong) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var begin = bytes.startIndex
        while let end = bytes[begin...].firstIndex(of: UInt8(ascii: "\n")) {
            lines.append(rest.isEmpty ? bytes[begin..<end] : ArraySlice(rest + bytes[begin..<end]))
            rest = []
            begin = end + 1
        }
        rest += bytes[begin...]
        guard rest.count <= Self.longest else { throw TooLong() }
        return lines
    }
}
