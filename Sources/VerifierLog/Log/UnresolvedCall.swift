// SPDX-License-Identifier: Apache-2.0

/// The calls that libbpf puts in place of what it could not resolve: impossible helpers, whose number says what it was
/// (`LoaderPoison`). If the verifier never reaches them, nothing is lost.
public enum UnresolvedCall: Sendable, Hashable {
    case relocation
    /// The map's position in the object.
    case map(index: UInt32)
    case kfunc

    /// nil where the verifier came to none.
    public init?(in log: VerifierLog) {
        guard let line = log.lastLines.last(where: { $0.contains("unknown#") }),
            let match = line.firstMatch(of: #/unknown#(\d+)/#),
            let number = UInt32(match.1)
        else { return nil }
        if number == LoaderPoison.relocation {
            self = .relocation
        } else if LoaderPoison.maps.contains(number) {
            self = .map(index: number - LoaderPoison.maps.lowerBound)
        } else if LoaderPoison.kfuncs.contains(number) {
            self = .kfunc
        } else {
            return nil
        }
    }
}
