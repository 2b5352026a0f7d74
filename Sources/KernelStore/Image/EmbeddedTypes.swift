// SPDX-License-Identifier: Apache-2.0

import ByteReader

/// The kernel's BTF in an image without sections, found by what it is made of.
///
/// The four bytes that it begins with prove nothing. A place counts if a whole header stands there, and every type behind it,
/// one after the other, is of a kind that exists, has a name that is there, and ends where the next begins; the last one ends where
/// the header says that types end. That does not happen by chance, and if it happened twice, neither would be believed.
///
/// Layout: Documentation/bpf/btf.rst; include/uapi/linux/btf.h.
enum EmbeddedTypes {
    /// `BTF_MAGIC`, little-endian, version 1, no flags.
    private static let opening: [UInt8] = [0x9f, 0xeb, 1, 0]
    /// Of `struct btf_header` as it has always been; a longer one may follow some day.
    private static let headerSizes = 24...256
    /// A kernel has tens of thousands of types; less is somebody's test data.
    private static let fewestTypes = 1000
    private static let candidateLimit = 64

    /// nil where there is none, or more than one.
    static func find(in image: [UInt8]) -> ArraySlice<UInt8>? {
        var found: ArraySlice<UInt8>?
        for (index, offset) in image.offsets(of: opening).enumerated() {
            guard index < candidateLimit else { return nil }
            guard let types = (try? typeInformation(at: offset, in: image)) ?? nil else { continue }
            guard found == nil else { return nil }
            found = types
        }
        return found
    }

    /// nil where what is there is something else.
    private static func typeInformation(
        at offset: Int,
        in image: [UInt8]
    ) throws(ByteReaderError) -> ArraySlice<UInt8>? {
        var header = ByteReader(image[offset...])
        try header.seek(to: 4)
        let headerSize = Int(try header.integer(UInt32.self))
        let typeOffset = Int(try header.integer(UInt32.self))
        let typeSize = Int(try header.integer(UInt32.self))
        let stringOffset = Int(try header.integer(UInt32.self))
        let stringSize = Int(try header.integer(UInt32.self))
        guard headerSizes.contains(headerSize), typeOffset % 4 == 0, typeOffset + typeSize <= stringOffset else {
            return nil
        }
        let size = headerSize + stringOffset + stringSize
        guard size <= image.count - offset, stringSize > 0 else { return nil }
        let whole = image[offset..<(offset + size)]
        let strings = whole.suffix(stringSize)
        guard strings.first == 0, strings.last == 0 else { return nil }
        let types = whole.dropFirst(headerSize + typeOffset).prefix(typeSize)
        guard let count = try count(of: types, stringSize: stringSize), count >= fewestTypes else { return nil }
        return whole
    }

    /// How many types there are; nil where one of them is none.
    private static func count(of types: ArraySlice<UInt8>, stringSize: Int) throws(ByteReaderError) -> Int? {
        var reader = ByteReader(types)
        var rest = types.count
        var count = 0
        while rest > 0 {
            let name = Int(try reader.integer(UInt32.self))
            let information = try reader.integer(UInt32.self)
            _ = try reader.integer(UInt32.self)
            guard name < stringSize, let more = extraSize(information) else { return nil }
            _ = try reader.bytes(more)
            rest -= 12 + more
            count += 1
        }
        return count
    }

    /// How many bytes follow a `struct btf_type`, by its `info`; nil for a kind that there is not.
    private static func extraSize(_ information: UInt32) -> Int? {
        // Of the bits that old kernels leave unused, newer ones may make use.
        let elements = Int(information & 0xff_ffff)
        switch information >> 24 & 0x7f {
        case 1, 14, 17: return 4  // INT, VAR, DECL_TAG
        case 2, 7...12, 16, 18: return 0  // PTR, FWD to FUNC, FLOAT, TYPE_TAG
        case 3: return 12  // ARRAY
        case 4, 5, 15, 19: return elements * 12  // STRUCT, UNION, DATASEC, ENUM64
        case 6, 13: return elements * 8  // ENUM, FUNC_PROTO
        default: return nil
        }
    }
}
