// SPDX-License-Identifier: Apache-2.0

import Results

/// What was set in the place of objects' own loaders, a line for each object.
struct AssumedLines {
    private let objects: [TestedObject]
    /// By the object's name.
    private var words: [String: [String]] = [:]

    /// More names of maps or programs with the same value are counted.
    private static let mostNames = 4

    /// What verdicts depend on.
    init(_ results: MatrixResults) {
        objects = results.objects
        for cell in results.cells { add(cell.assumed, of: cell.object) }
    }

    /// What predictions depend on.
    init(_ results: CheckResults) {
        objects = results.objects
        for cell in results.cells where cell.prediction != .willFail { add(cell.assumed, of: cell.object) }
    }

    private mutating func add(_ texts: [String]?, of object: String) {
        for text in texts ?? [] where words[object]?.contains(text) != true {
            words[object, default: []].append(text)
        }
    }

    var lines: [String] {
        let lines = objects.compactMap { object in
            words[object.name].map { "  \(object.name): \(Self.joined($0).joined(separator: "; "))".printable }
        }
        guard !lines.isEmpty else { return [] }
        return ["assumed, since the object leaves it to its loader (--as-compiled assumes nothing):"] + lines
    }

    /// `max_entries 1 of a` and `max_entries 1 of b` as `max_entries 1 of a, b`.
    private static func joined(_ texts: [String]) -> [String] {
        var order: [String] = []
        var names: [String: [String]] = [:]
        for text in texts {
            let parts = text.split(separator: " of ", maxSplits: 1).map(String.init)
            let isNamed = parts.count == 2 && !parts[1].contains(" ")
            let value = isNamed ? parts[0] : text
            if names[value] == nil { order.append(value) }
            names[value, default: []] += isNamed ? [parts[1]] : []
        }
        return order.map { value in
            let all = names[value] ?? []
            let rest = all.count - mostNames
            let shown = all.prefix(mostNames).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
            return all.isEmpty ? value : "\(value) of \(shown)"
        }
    }
}
