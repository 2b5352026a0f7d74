// SPDX-License-Identifier: Apache-2.0

extension String {
    /// The same for a terminal, whatever strangers have written into it: control and direction characters, but for line
    /// ends, as escapes.
    public var printable: String {
        var text = ""
        for scalar in unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control where scalar != "\n", .format, .lineSeparator, .paragraphSeparator:
                text += scalar.escaped(asASCII: true)
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
