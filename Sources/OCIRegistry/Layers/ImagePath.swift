// SPDX-License-Identifier: Apache-2.0

/// Where something is in an image, seen from its root: parts without `.`, `..` or anything that is no name.
struct ImagePath: Hashable {
    private(set) var parts: [String]

    static let root = ImagePath(parts: [])
    /// No image of use is deeper; what reads it goes down by itself.
    private static let deepest = 64
    private static let longestPart = 255

    private init(parts: [String]) {
        self.parts = parts
    }

    /// Reads a name in an archive: `./boot/vmlinuz`, `/boot/vmlinuz`; nil for one that climbs, or that no file can have.
    init?(archived name: String) {
        parts = name.split(separator: "/").map(String.init).filter { $0 != "." }
        guard parts.count <= Self.deepest, parts.allSatisfy(Self.isName) else { return nil }
    }

    static func isName(_ part: String) -> Bool {
        !part.isEmpty && part != "." && part != ".." && part.utf8.count <= longestPart
            && !part.utf8.contains { $0 == 0 || $0 == UInt8(ascii: "/") }
    }

    var text: String { parts.joined(separator: "/") }
    var last: String? { parts.last }
    var parent: ImagePath { ImagePath(parts: parts.dropLast()) }

    func appending(_ part: String) -> ImagePath { ImagePath(parts: parts + [part]) }

    /// A whole file's way inside an image ends here: what is longer is a trick.
    var isTooDeep: Bool { parts.count > Self.deepest }
}
