// SPDX-License-Identifier: Apache-2.0

/// What the verifier's reason itself says of a register. That is of the very moment; the states before are older.
struct ToldRegister {
    /// `scalar`, `map_value_or_null`, `trusted_ptr_`: without what the type is of; nil where it says nothing.
    let kind: String?
    /// Of a pointer into the packet: how many bytes are known to be there.
    let range: Int?

    init(_ number: Int, in messages: [String]) {
        var kind: String?
        var range: Int?
        // A pattern costs far more than the search for what every match has.
        for message in messages where message.contains("R\(number)") {
            if message.contains(" invalid mem access ") || message.contains(" type="),
                let match = message.firstMatch(
                    of: #/\bR(\d{1,2}) (?:invalid mem access '(\w+)'|type=(\w+) expected=)/#
                ),
                Int(match.1) == number
            {
                kind = (match.2 ?? match.3).map(String.init)
            }
            // `check_packet_access()`
            if message.hasPrefix("invalid access to packet"),
                let match = message.firstMatch(of: #/\bR(\d{1,2})\(id=\d+,off=-?\d+,r=(\d{1,5})\)/#),
                Int(match.1) == number
            {
                range = Int(match.2)
            }
        }
        self.kind = kind
        self.range = range
    }

    /// - Parameters:
    ///   - known: what was printed of it last; nil where nothing was.
    ///   - isRangeOld: a packet's range may have grown since.
    func spelling(_ known: String?, isRangeOld: Bool) -> String? {
        if let range { return "pkt(r=\(range))" }
        guard let known else { return kind }
        if let kind, !Self.agrees(RegisterSpelling(known).type, with: kind) { return kind }
        return isRangeOld ? RegisterSpelling(known).type : known
    }

    private static func agrees(_ type: String, with kind: String) -> Bool {
        if isNumber(kind) || isNumber(type) { return isNumber(kind) && isNumber(type) }
        // `ptr_` of `ptr_sock`, `fp` of `fp-8`
        return kind.hasSuffix("_") || kind == "fp" ? type.hasPrefix(kind) : type == kind
    }

    private static func isNumber(_ type: String) -> Bool {
        guard let first = type.first else { return false }
        return first.isNumber || first == "-" || first == "P" || type.hasPrefix("scalar") || type.hasPrefix("inv")
    }
}
