// SPDX-License-Identifier: Apache-2.0

/// The calls that libbpf puts in place of what it could not resolve: impossible helpers, whose number says what it was
/// (`LoaderPoison`). If the verifier never reaches them, nothing is lost.
public enum UnresolvedCall: Sendable, Hashable {
    case relocation
    /// The map's position in the object.
    case map(index: UInt32)
    case kfunc

    /// nil where the verifier did not stop at one. A program's own source, which the log quotes, may have such words too.
    public init?(in log: VerifierLog) {
        let text = log.failure?.text
        let called = text?.hasPrefix("call unknown#") == true ? text?.wholeMatch(of: #/call unknown#(\d+)/#) : nil
        let told = log.messages.lazy.filter { $0.hasPrefix("invalid func unknown#") }
            .compactMap { $0.firstMatch(of: #/^invalid func unknown#(\d+)/#) }.first
        guard let digits = told?.1 ?? called?.1, let number = UInt32(digits) else { return nil }
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
