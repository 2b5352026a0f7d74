// SPDX-License-Identifier: Apache-2.0

extension String {
    /// The same without what a terminal obeys or a reader does not see: objects, kernels and their logs are untrusted,
    /// and a name may try to draw over what was said of it. Control characters, and those that change the direction of
    /// writing, become `\u{1b}`; nothing else changes.
    var printable: String {
        guard unicodeScalars.contains(where: Self.isHarmful) else { return self }
        return unicodeScalars.map { scalar in
            Self.isHarmful(scalar) ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
        }.joined()
    }

    /// The lines of a text that may be anybody's, each `printable`; line ends of every kind (`\n`, `\r\n`, `\r`) are line ends.
    var printableLines: [String] {
        split(omittingEmptySubsequences: false, whereSeparator: { $0 == "\n" || $0 == "\r\n" || $0 == "\r" }).map {
            String($0).printable
        }
    }

    private static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control: scalar != "\t"
        case .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }
}
