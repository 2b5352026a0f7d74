// SPDX-License-Identifier: Apache-2.0

/// How a server wants to be convinced: a challenge in `WWW-Authenticate` (RFC 9110, section 11.3).
struct Challenge: Hashable {
    /// In small letters: `bearer`, `basic`.
    let scheme: String
    /// Names in small letters.
    let parameters: [String: String]

    /// All challenges of a header: several may stand in one, between the same commas as their parameters.
    static func parse(_ header: String) -> [Challenge] {
        var scanner = Scanner(rest: header[...])
        var challenges: [Challenge] = []
        var scheme: String?
        var parameters: [String: String] = [:]
        func finish() {
            if let scheme { challenges.append(Challenge(scheme: scheme, parameters: parameters)) }
        }
        while true {
            scanner.skip { $0 == "," || $0 == " " || $0 == "\t" }
            guard let word = scanner.token() else { break }
            scanner.skip { $0 == " " || $0 == "\t" }
            if scanner.take("=") {
                scanner.skip { $0 == " " || $0 == "\t" }
                guard let value = scanner.quoted() ?? scanner.token() else { break }
                // Named twice is a mistake or a trick; the first one counts.
                if parameters[word.lowercased()] == nil { parameters[word.lowercased()] = value }
            } else {
                finish()
                scheme = word.lowercased()
                parameters = [:]
            }
        }
        finish()
        return challenges
    }

    private struct Scanner {
        var rest: Substring

        mutating func skip(_ isSkipped: (Character) -> Bool) {
            rest = rest.drop(while: isSkipped)
        }

        mutating func take(_ character: Character) -> Bool {
            guard rest.first == character else { return false }
            rest.removeFirst()
            return true
        }

        /// RFC 9110, section 5.6.2.
        mutating func token() -> String? {
            let token = rest.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "!#$%&'*+-.^_`|~".contains($0)) }
            rest = rest[token.endIndex...]
            return token.isEmpty ? nil : String(token)
        }

        /// RFC 9110, section 5.6.4; nil, and nothing taken, where none begins or ends.
        mutating func quoted() -> String? {
            let before = rest
            guard take("\"") else { return nil }
            var text = ""
            while let character = rest.popFirst() {
                switch character {
                case "\"": return text
                case "\\":
                    guard let escaped = rest.popFirst() else { break }
                    text.append(escaped)
                default: text.append(character)
                }
            }
            rest = before
            return nil
        }
    }
}
