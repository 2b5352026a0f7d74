// SPDX-License-Identifier: Apache-2.0

/// A line of the kernel, `5.17`. Vendors carry features back: it says where upstream has something, not where a vendor has.
public struct LinuxVersion: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    public let major: Int
    public let minor: Int

    public init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// `5.17`, or a release such as `5.10.0-30-cloud-amd64`; nil where it does not begin with two numbers.
    public init?(_ text: String) {
        let parts = text.split(separator: ".", maxSplits: 2)
        guard parts.count >= 2, let major = Int(parts[0]), let minor = Int(parts[1].prefix { $0.isNumber }),
            major >= 0, minor >= 0
        else { return nil }
        self.init(major, minor)
    }

    public var description: String { "\(major).\(minor)" }

    public static func < (one: LinuxVersion, other: LinuxVersion) -> Bool {
        (one.major, one.minor) < (other.major, other.minor)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let version = LinuxVersion(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no version of Linux: \(text)")
        }
        self = version
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
