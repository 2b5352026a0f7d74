// SPDX-License-Identifier: Apache-2.0

import BTF

/// One relocation of an object: what an instruction wants to know of the types of the kernel that it will run in.
public struct CORERelocation: Sendable {
    /// The object's types.
    public let types: BTFTypes
    /// The type that it starts from, in the object's numbering.
    public let type: UInt32
    /// `0:1:2`: element 0, of it member 1, of that member 2. For an enumerator its position; for a type `0`.
    public let access: String
    /// As it is stored; `kind` is nil for a number that libbpf 1.7 does not know.
    public let kindNumber: UInt32

    public var kind: CORERelocationKind? { CORERelocationKind(rawValue: kindNumber) }

    public init(types: BTFTypes, type: UInt32, access: String, kindNumber: UInt32) {
        self.types = types
        self.type = type
        self.access = access
        self.kindNumber = kindNumber
    }

    public init(types: BTFTypes, type: UInt32, access: String = "0", kind: CORERelocationKind) {
        self.init(types: types, type: type, access: access, kindNumber: kind.rawValue)
    }

    public init(_ record: BTFExtensions.RelocationRecord, types: BTFTypes) {
        self.init(types: types, type: record.type, access: record.access.text, kindNumber: record.kind)
    }
}
