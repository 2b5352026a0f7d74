// SPDX-License-Identifier: Apache-2.0

/// A version of libbpf, as far as it decides how an object is loaded: `1.7`.
struct LibbpfVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    let major: Int
    let minor: Int

    init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// `1.7.0`, `v1.1`; nil where it does not begin with two numbers.
    init?(_ text: some StringProtocol) {
        let parts = text.drop { $0 == "v" }.split(separator: ".", maxSplits: 2)
        guard parts.count >= 2, let major = Int(parts[0]), let minor = Int(parts[1].prefix { $0.isNumber }) else {
            return nil
        }
        self.init(major, minor)
    }

    /// The one that a bpftool was built with, out of how results name that: `v7.1.0, libbpf v1.1`, `bpftool 7.1.0`.
    ///
    /// Since 7.0 bpftool's version is that of its libbpf with 6 added to the first number (tools/bpf/bpftool/Makefile). Older
    /// ones are numbered after kernels: nil, and older than any version here.
    init?(ofBPFTool text: String) {
        if let name = text.firstRange(of: "libbpf "), let version = LibbpfVersion(text[name.upperBound...]) {
            self = version
            return
        }
        guard let word = text.split(separator: " ").last, let version = LibbpfVersion(word), version.major >= 7 else {
            return nil
        }
        self.init(version.major - 6, version.minor)
    }

    var description: String { "\(major).\(minor)" }

    static func < (one: LibbpfVersion, other: LibbpfVersion) -> Bool {
        (one.major, one.minor) < (other.major, other.minor)
    }
}
