// SPDX-License-Identifier: Apache-2.0

/// One type of a blob: what its first twelve bytes say. What follows them is read when it is asked for, in `BTFType+Parts.swift`.
public struct BTFType: Sendable {
    /// The blob that holds it: the base, for a type of the base.
    let storage: BTFStorage
    /// Where what follows the first twelve bytes begins.
    let partsOffset: Int
    private let nameOffset: UInt32
    private let information: UInt32

    public let id: UInt32
    public let kind: BTFKind
    /// The word of which the kind decides whether it is a size or a type's number.
    let sizeOrType: UInt32

    /// `vlen`: how many members, values, parameters or variables it has.
    public var length: Int { Self.length(information) }

    /// `kind_flag`. Of a struct or union: members have the sizes of bit-fields. Of an enumeration: values are signed. Of a
    /// declaration: it is a union's. Of a tag: it stands for any attribute.
    public var kindFlag: Bool { information >> 31 != 0 }

    /// Empty for what has none.
    public var name: BTFName { BTFName(storage: storage, number: nameOffset) }

    /// Bytes, for a kind that has a size of its own; nil for others. `BTFTypes.size(of:)` finds out the size of any type.
    public var ownSize: UInt32? {
        switch kind {
        case .integer, .structure, .union, .enumeration, .enumeration64, .dataSection, .float: sizeOrType
        default: nil
        }
    }

    /// What it refers to: what a pointer points to, a typedef stands for, a function's prototype, a variable's type; nil for a
    /// kind that does not refer to one type. The type that an array consists of is in `array`.
    public var target: UInt32? {
        switch kind {
        case .pointer, .typedef, .volatile, .const, .restrict, .function, .functionPrototype, .variable,
            .declarationTag, .typeTag:
            sizeOrType
        default: nil
        }
    }

    init?(_ id: UInt32, at offset: Int, in storage: BTFStorage) {
        information = storage.word(at: offset + 4)
        guard let kind = BTFKind(rawValue: UInt8(information >> 24 & 0x7f)) else { return nil }
        self.storage = storage
        self.id = id
        self.kind = kind
        partsOffset = offset + 12
        nameOffset = storage.word(at: offset)
        sizeOrType = storage.word(at: offset + 8)
    }

    init(voidOf storage: BTFStorage) {
        self.storage = storage
        id = 0
        kind = .void
        partsOffset = 0
        nameOffset = 0
        information = 0
        sizeOrType = 0
    }

    /// Bits 0 to 23 of `info`. Kernels before 7.0 use 16 of them, and demand that the others are 0.
    static func length(_ information: UInt32) -> Int { Int(information & 0xff_ffff) }
}
