// SPDX-License-Identifier: Apache-2.0

import BPFObject
import LoaderContract

extension LoaderSetting {
    /// For people: `max_entries 1 of auxiliary_maps`.
    ///
    /// - Parameter target: what the program was attached to, where that is known.
    func words(target: String?) -> String {
        switch self {
        case .maxEntries(let map, let count): "max_entries \(count) of \(map)"
        case .valueSize(let map, let bytes): "value_size \(bytes) of \(map)"
        case .innerMaxEntries(let map, let count): "max_entries \(count) of the maps in \(map)"
        case .innerMap(let map, let inner): "\(inner.words) as the inner map of \(map)"
        case .anyTarget(let program): target.map { "attach target \($0)" } ?? "any attach target of \(program)"
        }
    }
}

extension Assumptions {
    /// What is assumed of a program, for people; nil where nothing is.
    ///
    /// - Parameter target: what the program was attached to, where that is known; empty where that is its own.
    public func words(of program: String, target: String? = nil) -> [String]? {
        let words = settings(of: program).compactMap { setting in
            if case .anyTarget = setting, target?.isEmpty == true { return nil as String? }
            return setting.words(target: target)
        }
        return words.isEmpty ? nil : words
    }
}

extension InnerMap {
    fileprivate var words: String {
        let sizes = keySize == 0 && valueSize == 0 ? "" : " with keys of \(keySize) and values of \(valueSize) bytes"
        return "\(MapType.name(type)) of max_entries \(maxEntries)\(sizes)"
    }
}
