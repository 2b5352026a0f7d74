// SPDX-License-Identifier: Apache-2.0

import CGuest

/// libbpf's warnings since they were last cleared, and whom they blame.
final class LoaderMessages {
    enum Culprit: Equatable {
        case program(String)
        case map(String)
        /// No program or map is named: the object as such.
        case object
    }

    private var lines: [String] = []

    /// Enough for what libbpf says of one object; it never repeats itself beyond that.
    private static let limit = 400

    init() {
        let sink: guest_message_sink = { context, _, text in
            guard let context, let text else { return }
            Unmanaged<LoaderMessages>.fromOpaque(context).takeUnretainedValue().add(String(cString: text))
        }
        guest_capture_messages(sink, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit {
        guest_capture_messages(nil, nil)
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

    private func add(_ text: String) {
        guard lines.count < Self.limit else { return }
        let line = text.last == "\n" ? String(text.dropLast()) : text
        lines.append(line)
    }
}
