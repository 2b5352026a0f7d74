// SPDX-License-Identifier: Apache-2.0

/// Makes archives, also such as no honest program makes.
public struct TarBuilder: Sendable {
    private var blocks: [UInt8] = []

    public init() {}

    /// With the two empty blocks that end an archive.
    public var bytes: [UInt8] { blocks + [UInt8](repeating: 0, count: 1024) }

    /// As it is after an entry, without an end.
    public var open: [UInt8] { blocks }

    public mutating func file(_ name: String, _ text: String = "") {
        entry(name, type: "0", content: Array(text.utf8))
    }

    public mutating func file(_ name: String, _ content: [UInt8]) {
        entry(name, type: "0", content: content)
    }

    public mutating func folder(_ name: String) { entry(name, type: "5") }

    public mutating func symbolicLink(_ name: String, to target: String) { entry(name, type: "2", link: target) }

    public mutating func hardLink(_ name: String, to target: String) { entry(name, type: "1", link: target) }

    /// - Parameters:
    ///   - size: what the header says, where that is not the content's.
    ///   - isPosix: ustar's magic; otherwise GNU's.
    public mutating func entry(
        _ name: String,
        type: Character,
        link: String = "",
        content: [UInt8] = [],
        size: String? = nil,
        prefix: String = "",
        isPosix: Bool = true
    ) {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int, most: Int) {
            let field = Array(text.utf8.prefix(most))
            header.replaceSubrange(offset..<(offset + field.count), with: field)
        }
        func octal(_ number: Int, _ digits: Int) -> String {
            let text = String(number, radix: 8)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        put(name, at: 0, most: 100)
        put("0000644", at: 100, most: 8)
        put(size ?? octal(content.count, 11), at: 124, most: 12)
        put(octal(0, 11), at: 136, most: 12)
        put("        ", at: 148, most: 8)
        put(String(type), at: 156, most: 1)
        put(link, at: 157, most: 100)
        put(isPosix ? "ustar\u{0}00" : "ustar  \u{0}", at: 257, most: 8)
        put(prefix, at: 345, most: 155)
        put(octal(header.reduce(0) { $0 + Int($1) }, 6) + "\u{0} ", at: 148, most: 8)
        blocks += header + content
        blocks += [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }

    /// An extended header for the next entry, or for all that follow.
    public mutating func records(_ records: [(String, String)], isGlobal: Bool = false) {
        var text = ""
        for (name, value) in records {
            let rest = " \(name)=\(value)\n"
            var length = rest.utf8.count + 1
            while "\(length)".utf8.count + rest.utf8.count != length { length += 1 }
            text += "\(length)\(rest)"
        }
        entry("records", type: isGlobal ? "g" : "x", content: Array(text.utf8))
    }

    /// GNU's long name for the next entry.
    public mutating func longName(_ name: String) {
        entry("././@LongLink", type: "L", content: Array(name.utf8) + [0], isPosix: false)
    }
}
