// SPDX-License-Identifier: Apache-2.0

/// A name among a blob's strings, read only when it is asked for.
///
/// A name that is not there is the empty one, which is how types and members without a name have none.
public struct BTFName: Sendable, CustomStringConvertible {
    let storage: BTFStorage
    /// Where it stands among the blobs' strings.
    let number: UInt32

    /// Whether anything stands there, be it the empty name.
    public var isThere: Bool { storage.place(ofString: number) != nil }

    public var isEmpty: Bool {
        guard number != 0, let (storage, offset) = storage.place(ofString: number) else { return true }
        return storage.bytes.byte(at: offset) == 0
    }

    /// UTF-8, with what is none replaced.
    public var text: String { withBytes { String(decoding: $0, as: UTF8.self) } }

    public var description: String { text }

    /// Its bytes without the zero at their end, cut to `longest`; valid during the call.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        guard number != 0, let (storage, offset) = storage.place(ofString: number) else {
            return body(UnsafeRawBufferPointer(start: nil, count: 0))
        }
        return storage.bytes.withBytes(offset..<storage.endOfName(from: offset)) { rest in
            body(UnsafeRawBufferPointer(rebasing: rest[..<(rest.firstIndex(of: 0) ?? rest.count)]))
        }
    }

    /// Bytes of a name that are looked at; the rest of a longer one is passed over. No kernel takes names of more than 511
    /// bytes (`KSYM_NAME_LEN`); lines of source may be longer. Any number of types can have the same name, which must not be gone
    /// through from end to end for each.
    static let longest = 4096

    /// The same bytes, whichever blobs they are in.
    public func isSame(as other: BTFName) -> Bool {
        if storage === other.storage && number == other.number { return true }
        return withBytes { other.consists(of: $0) }
    }

    /// The same bytes but for what comes after the last `___` (`bpf_core_essential_name_len` in libbpf.c).
    public func isSameEssentially(as other: BTFName) -> Bool {
        withBytes { mine in
            other.withBytes { others in
                EssentialName.equal(EssentialName.of(mine), EssentialName.of(others))
            }
        }
    }

    /// The name without the flavour: `task_struct` of `task_struct___old`.
    public var essential: String { withBytes { String(decoding: EssentialName.of($0), as: UTF8.self) } }

    /// Whether this name is those bytes; reads no further than the first byte that is another.
    private func consists(of wanted: UnsafeRawBufferPointer) -> Bool {
        guard number != 0, let (storage, offset) = storage.place(ofString: number) else { return wanted.isEmpty }
        return storage.bytes.withBytes(offset..<storage.strings.upperBound) { rest in
            guard wanted.count < rest.count else { return false }
            for index in 0..<wanted.count where rest[index] != wanted[index] { return false }
            return rest[wanted.count] == 0 || wanted.count == Self.longest
        }
    }
}

/// What decides whether two types may stand for each other: the name up to the last `___` that has something other than an
/// underscore on both sides.
enum EssentialName {
    static func of(_ name: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var essential = name.count
        var underscores = 0
        for index in 0..<name.count {
            if name[index] == UInt8(ascii: "_") {
                underscores += 1
                continue
            }
            if underscores == 3 && index > 3 { essential = index - 3 }
            underscores = 0
        }
        return UnsafeRawBufferPointer(rebasing: name[..<essential])
    }

    static func equal(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Bool {
        guard one.count == other.count else { return false }
        for index in 0..<one.count where one[index] != other[index] { return false }
        return true
    }
}
