// SPDX-License-Identifier: Apache-2.0

/// What was done to one instruction because of one relocation, by libbpf or by us, in the same words.
struct AppliedRelocation: Hashable, CustomStringConvertible {
    /// The way through the object's types, as libbpf writes it.
    var local: String
    /// The first of the kernel's types that matched, with the way through it; nil where none did.
    var match: String?
    /// `off 8 -> 16`, `poisoned`, `refused`, and the change of a load's size where there is one.
    var change: [String] = []

    var description: String { "\(local) | \(match ?? "no match") | \(change.joined(separator: ", "))" }

    /// libbpf writes a way in a buffer of 256 bytes.
    static func cut(_ text: String) -> String { String(decoding: Array(text.utf8).prefix(255), as: UTF8.self) }
}

/// Which relocation of which program: they are numbered by their section.
struct RelocationPlace: Hashable {
    let program: String
    let number: Int
}

/// What libbpf says of relocations in its debug output (pr_debug and pr_warn in its relo_core.c), by the agent.
struct LibbpfRelocations {
    /// Every time that each was applied: an object is opened anew after something in it was refused.
    private(set) var applied: [RelocationPlace: [AppliedRelocation]] = [:]

    init(_ text: [UInt8]) {
        for line in String(decoding: text, as: UTF8.self).split(separator: "\n") { read(line) }
    }

    private mutating func read(_ line: Substring) {
        guard let (place, said) = Self.place(line) else { return }
        if said.hasPrefix("<") && !said.contains("relocation doesn't support") {
            applied[place, default: []].append(AppliedRelocation(local: String(said)))
            return
        }
        let isBegun = applied[place] != nil
        guard isBegun else {
            // One that can't even be read.
            if said.contains("failed") { applied[place] = [AppliedRelocation(local: "?", change: ["refused"])] }
            return
        }
        add(said, at: place)
    }

    private mutating func add(_ said: Substring, at place: RelocationPlace) {
        guard var last = applied[place]?.popLast() else { return }
        if said.hasPrefix("matching candidate #") {
            if last.match == nil, let start = said.firstIndex(of: "<") { last.match = String(said[start...]) }
        } else if said.hasPrefix("patched insn #"), let words = said.split(separator: ")").last {
            last.change.append(words.trimming(" "))
        } else if said.hasPrefix("substituting insn #") {
            // Both halves of a wide load are.
            if last.change != ["poisoned"] { last.change.append("poisoned") }
        } else if said.hasPrefix("failed to") {
            // Which types matched until then is no answer.
            last = AppliedRelocation(local: last.local, change: ["refused"])
        }
        applied[place]?.append(last)
    }

    /// `libbpf: prog 'name': relo #3: …`
    private static func place(_ line: Substring) -> (RelocationPlace, Substring)? {
        let opening = "libbpf: prog '"
        guard line.hasPrefix(opening) else { return nil }
        let rest = line.dropFirst(opening.count)
        guard let end = rest.firstIndex(of: "'") else { return nil }
        let after = rest[end...].dropFirst("': relo #".count)
        guard let colon = after.firstIndex(of: ":"), let number = Int(after[..<colon]) else { return nil }
        return (RelocationPlace(program: String(rest[..<end]), number: number), after[colon...].dropFirst(2))
    }
}

extension Substring {
    fileprivate func trimming(_ character: Character) -> String { String(drop { $0 == character }) }
}
