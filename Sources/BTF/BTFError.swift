// SPDX-License-Identifier: Apache-2.0

/// Why bytes are not type information that can be read. Rules: Documentation/bpf/btf.rst; libbpf's btf.c.
public enum BTFError: Error, Hashable, CustomStringConvertible {
    /// The first two bytes are not `BTF_MAGIC` in either byte order.
    case notBTF
    /// A version that nothing is known of; 1 is the only one there has been.
    case unknownVersion(UInt8)
    /// The header, or a part that it names, reaches beyond the end.
    case outOfBounds(part: Part, offset: Int, size: Int, end: Int)
    /// The types overlap the strings, or don't begin at a multiple of four.
    case misplaced(part: Part, offset: Int)
    /// The strings don't begin with the empty one, or the last has no end.
    case unterminatedStrings
    /// A type of a kind that is not known: neither its size nor what follows can be told.
    case unknownKind(UInt8, id: UInt32)
    /// A type that reaches beyond the end of all types.
    case cutType(id: UInt32)
    /// Something refers to a type that is not there.
    case noSuchType(UInt32, of: UInt32)
    /// A type, or something in it, has a name that is not among the strings.
    case noSuchName(offset: UInt32, of: UInt32)
    /// Types name the same bytes over and over: all names together have many times as many bytes as the blob.
    case overlappingNames
    /// Records of a size that the format does not allow.
    case wrongRecordSize(part: Part, size: Int)
    /// A list of records that ends in the middle of one, or has none where it says that it has some.
    case malformedRecords(part: Part)
    /// More types than a number of 32 bits can tell apart from one another.
    case tooLarge(bytes: Int)

    /// What a blob consists of.
    public enum Part: String, Sendable, Hashable {
        case header
        case types
        case strings
        case functionRecords = "function records"
        case lineRecords = "line records"
        case relocationRecords = "CO-RE relocations"
    }

    public var description: String {
        switch self {
        case .notBTF: "not BTF: it does not begin with the bytes that BTF begins with"
        case .unknownVersion(let version): "BTF of version \(version), and only version 1 is known"
        case .outOfBounds(let part, let offset, let size, let end):
            "BTF that was cut: its \(part.rawValue) should take \(size) bytes at \(offset), and it ends at \(end)"
        case .misplaced(let part, let offset): "malformed BTF: its \(part.rawValue) can't begin at byte \(offset)"
        case .unterminatedStrings: "malformed BTF: its strings have no beginning or no end"
        case .unknownKind(let kind, let id): "BTF with a type of kind \(kind), which is not known (type \(id))"
        case .cutType(let id): "malformed BTF: type \(id) reaches beyond the end of the types"
        case .noSuchType(let wanted, let id): "malformed BTF: type \(id) refers to type \(wanted), which is not there"
        case .noSuchName(let offset, let id):
            "malformed BTF: a name of type \(id) is at \(offset), where there are no strings"
        case .overlappingNames: "malformed BTF: its names are many times as long together as all of it"
        case .wrongRecordSize(let part, let size): "malformed .BTF.ext: \(part.rawValue) of \(size) bytes each"
        case .malformedRecords(let part): "malformed .BTF.ext: its \(part.rawValue) don't add up"
        case .tooLarge(let bytes): "BTF of \(bytes) bytes, which is more than a kernel would take"
        }
    }
}
