// SPDX-License-Identifier: Apache-2.0

/// The size of an image's file system, as definitions give it: `512M`, `8G`.
public struct ImageSize: Sendable, Hashable, CustomStringConvertible {
    public let bytes: Int
    /// As it was written.
    public let description: String

    /// Less is no file system with a Debian in it; more is a slip, and more than ext4 takes with blocks of 4 kB.
    static let range = (32 << 20)...(16 << 40)

    private static let units: [Character: Int] = ["K": 10, "M": 20, "G": 30, "T": 40]

    /// nil where it is not a whole number with K, M, G or T behind it (powers of 1024), or out of `range`.
    ///
    /// A number alone is refused: the tools that read such definitions do not agree on what it counts.
    public init?(_ text: String) {
        guard let unit = text.last, let shift = Self.units[unit] else { return nil }
        let digits = text.dropLast()
        guard !digits.isEmpty, digits.count <= 12, digits.allSatisfy({ $0.isASCII && $0.isNumber }),
            let number = Int(digits)
        else { return nil }
        let (bytes, isTooMuch) = number.multipliedReportingOverflow(by: 1 << shift)
        guard !isTooMuch, Self.range.contains(bytes) else { return nil }
        self.bytes = bytes
        description = text
    }
}
