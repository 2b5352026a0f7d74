// SPDX-License-Identifier: Apache-2.0

/// Raw BTF of a few types, put together by hand (Documentation/bpf/btf.rst).
struct SmallBTF {
    private var types: [UInt8] = []
    private var strings: [UInt8] = [0]
    private(set) var count: UInt32 = 0

    private mutating func name(_ text: String) -> UInt32 {
        defer { strings += Array(text.utf8) + [0] }
        return UInt32(strings.count)
    }

    @discardableResult
    mutating func add(kind: UInt32, _ name: String, length: Int = 0, size: UInt32 = 0, tail: [UInt32] = []) -> UInt32 {
        let name = self.name(name)
        put([name, kind << 24 | UInt32(length), size] + tail)
        count += 1
        return count
    }

    @discardableResult
    mutating func function(_ name: String) -> UInt32 { add(kind: 12, name) }

    mutating func typedef(_ name: String) { add(kind: 8, name) }

    mutating func tag(_ name: String, of target: UInt32) {
        add(kind: 17, name, size: target, tail: [UInt32.max])
    }

    mutating func union(_ name: String, members: [String]) {
        var tail: [UInt32] = []
        for member in members { tail += [self.name(member), 0, 0] }
        add(kind: 5, name, length: members.count, tail: tail)
    }

    /// One of every other kind, so that whoever counts their bytes wrong loses the way.
    mutating func everyOtherKind() {
        add(kind: 1, "int", size: 4, tail: [32])
        for kind: UInt32 in [2, 7, 9, 10, 11, 16, 18] { add(kind: kind, "") }
        add(kind: 3, "", tail: [1, 1, 4])
        add(kind: 4, "s", length: 2, tail: [0, 1, 0, 0, 1, 32])
        add(kind: 6, "e", length: 2, tail: [0, 0, 0, 1])
        add(kind: 13, "", length: 1, tail: [0, 1])
        add(kind: 14, "v", tail: [0])
        add(kind: 15, ".data", length: 1, tail: [1, 0, 4])
        add(kind: 19, "e64", length: 1, tail: [0, 1, 2])
    }

    private mutating func put(_ words: [UInt32]) {
        for word in words { withUnsafeBytes(of: word.littleEndian) { types.append(contentsOf: $0) } }
    }

    var bytes: [UInt8] {
        var header = SmallBTF()
        header.put([0x0001_eb9f, 24, 0, UInt32(types.count), UInt32(types.count), UInt32(strings.count)])
        return header.types + types + strings
    }
}
