// SPDX-License-Identifier: Apache-2.0

import ByteReader

/// The types of one blob of BTF: of a kernel, of one of its modules, of an object.
///
/// Types are numbered from 1; 0 is `void`. Opening reads where each type begins, and nothing else: a kernel's takes a
/// millisecond or two, and some more with an index of names. Whatever the bytes say, nothing here traps: what is not there is
/// nil, or a name that is empty.
public struct BTFTypes: Sendable {
    let storage: BTFStorage

    /// - Parameters:
    ///   - bytes: raw, with the header, in either byte order.
    ///   - base: what the blob goes on from, as a module's does from the kernel's (split BTF).
    ///   - indexed: names will be looked up, so that it is worth to go over all of them now.
    public init(_ bytes: BTFBytes, base: BTFTypes? = nil, indexed: Bool = true) throws(BTFError) {
        storage = try BTFStorage(bytes, base: base?.storage, indexed: indexed)
    }

    public init(_ bytes: [UInt8], base: BTFTypes? = nil, indexed: Bool = true) throws(BTFError) {
        try self.init(BTFBytes(bytes), base: base, indexed: indexed)
    }

    public init(_ bytes: ArraySlice<UInt8>, base: BTFTypes? = nil, indexed: Bool = true) throws(BTFError) {
        try self.init(BTFBytes(bytes), base: base, indexed: indexed)
    }

    /// Bytes of a pointer: every kernel that this project knows, and BPF itself, has 64 bits.
    public var pointerSize: UInt32 { 8 }

    public var byteOrder: ByteOrder { storage.byteOrder }

    /// How many types there are, those of the base and `void` included: their numbers are below it.
    public var count: Int { Int(storage.endID) }

    /// The numbers of its own types, without those of the base.
    public var ownIDs: Range<UInt32> { storage.firstID..<storage.endID }

    /// nil where no type has that number.
    public func type(_ id: UInt32) -> BTFType? { storage.type(id) }

    /// The string at an offset that something else refers to, a record of .BTF.ext for instance; empty where there is none.
    public func string(at offset: UInt32) -> BTFName { BTFName(storage: storage, number: offset) }

    /// Whether a string is at this offset; at 0 is the empty one.
    public func hasString(at offset: UInt32) -> Bool { storage.place(ofString: offset) != nil }

    /// Types of exactly this name, ascending; of every kind, or of one.
    public func ids(named name: String, kind: BTFKind? = nil) -> [UInt32] {
        guard !name.isEmpty else { return [] }
        var name = name
        return name.withUTF8 { name in
            let wanted = UnsafeRawBufferPointer(name)
            return ids(hash: NameIndex.hash(wanted)) { type in
                (kind == nil || type.kind == kind) && type.name.withBytes { EssentialName.equal($0, wanted) }
            }
        }
    }

    /// The first of them; nil where there is none.
    public func id(named name: String, kind: BTFKind? = nil) -> UInt32? {
        ids(named: name, kind: kind).first
    }

    /// Types whose names are this one but for flavours, ascending: those of the base first, as they have lower numbers.
    ///
    /// - Parameter ownOnly: without those of the base.
    public func ids(essentiallyNamed name: BTFName, ownOnly: Bool = false) -> [UInt32] {
        name.withBytes { name in
            let wanted = EssentialName.of(name)
            guard !wanted.isEmpty else { return [] }
            return ids(hash: NameIndex.hash(name), ownOnly: ownOnly) { type in
                type.name.withBytes { EssentialName.equal(EssentialName.of($0), wanted) }
            }
        }
    }

    private func ids(hash: UInt64, ownOnly: Bool = false, where isWanted: (BTFType) -> Bool) -> [UInt32] {
        var blobs: [BTFStorage] = []
        var next: BTFStorage? = storage
        while let blob = next {
            blobs.append(blob)
            next = ownOnly ? nil : blob.base
        }
        var found: [UInt32] = []
        for blob in blobs.reversed() {
            func look(_ position: Int) -> Bool {
                let id = blob.firstID + UInt32(position)
                if let type = blob.type(id), isWanted(type) { found.append(id) }
                return true
            }
            if let index = blob.index {
                index.forEach(hash: hash, look)
            } else {
                for position in blob.offsets.indices { _ = look(position) }
            }
        }
        return found
    }
}
