// SPDX-License-Identifier: Apache-2.0

import BTF
import ByteReader

/// The kernel's BTF in an image without sections, found by what it is made of.
///
/// The four bytes that it begins with prove nothing. A place counts if a whole header stands there, and every type behind it,
/// one after the other, is of a kind that exists, has a name and refers to types that are there, and ends where the next begins; the
/// last one ends where the header says that types end. That does not happen by chance, and if it happened twice, neither would be believed.
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
        // Types and their size, which the reader of types checks.
        _ = try header.bytes(8)
        let stringOffset = Int(try header.integer(UInt32.self))
        let stringSize = Int(try header.integer(UInt32.self))
        let size = headerSize + stringOffset + stringSize
        guard headerSizes.contains(headerSize), size <= image.count - offset else { return nil }
        let whole = image[offset..<(offset + size)]
        guard let types = try? BTFTypes(whole, indexed: false), types.count > fewestTypes,
            (try? types.validate()) != nil
        else { return nil }
        return whole
    }
}
