// SPDX-License-Identifier: Apache-2.0

import CGuest
import Glibc

/// libbpf's warnings since they were last cleared, and whom they blame.
final class LoaderMessages {
    enum Culprit: Equatable {
        case program(String)
        case map(String)
        /// No program or map is named: the object as such.
        case object
    }

    private var lines: [String] = []
    /// What was said of relocations, a line each; empty where nobody asked for it.
    private(set) var relocations: [UInt8] = []
    private(set) var areRelocationsCut = false
    private let relocationLimit: Int

    /// Enough for what libbpf says of one object; it never repeats itself beyond that.
    private static let limit = 400

    /// - Parameter relocationLimit: how many bytes are wanted of what libbpf says of its relocations.
    init(relocationLimit: Int) {
        self.relocationLimit = relocationLimit
        let sink: guest_message_sink = { context, level, text in
            guard let context, let text else { return }
            let messages = Unmanaged<LoaderMessages>.fromOpaque(context).takeUnretainedValue()
            messages.addRelocation(text)
            if level != LIBBPF_DEBUG { messages.add(String(cString: text)) }
        }
        guest_capture_messages(sink, Unmanaged.passUnretained(self).toOpaque())
        guest_capture_relocations(relocationLimit > 0)
    }

    deinit {
        guest_capture_messages(nil, nil)
        guest_capture_relocations(false)
    }

    var text: String { lines.joined(separator: "\n") }

    func clear() {
        lines = []
    }

    /// Whom libbpf names last: it says what failed, then which program or map failed because of it. It is asked only
    /// when loading has failed, and a test holds the answer against loads of one program each.
    var culprit: Culprit {
        for line in lines.reversed() {
            if let name = Self.subject(of: line, kind: "prog") { return .program(name) }
            if let name = Self.subject(of: line, kind: "map") { return .map(name) }
        }
        return .object
    }

    /// `name` in a line such as `libbpf: map 'name': failed to create: -EINVAL`.
    private static func subject(of line: String, kind: String) -> String? {
        let opening = "libbpf: \(kind) '"
        guard line.hasPrefix(opening) else { return nil }
        let rest = line.dropFirst(opening.count)
        guard let end = rest.firstIndex(of: "'") else { return nil }
        return String(rest[..<end])
    }

    /// Warnings too: they say why libbpf has given up on one.
    private func addRelocation(_ text: UnsafePointer<CChar>) {
        guard relocationLimit > 0 else { return }
        let bytes = UnsafeRawBufferPointer(start: text, count: strlen(text))
        guard relocations.count + bytes.count < relocationLimit else {
            areRelocationsCut = true
            return
        }
        relocations.append(contentsOf: bytes)
        if bytes.last != UInt8(ascii: "\n") { relocations.append(UInt8(ascii: "\n")) }
    }

    private func add(_ text: String) {
        guard lines.count < Self.limit else { return }
        let line = text.last == "\n" ? String(text.dropLast()) : text
        lines.append(line)
    }
}
