// SPDX-License-Identifier: Apache-2.0

import ByteReader

/// The names in a kernel's BTF that decide what BPF programs can be attached to or call (Documentation/bpf/btf.rst).
struct TypeNames {
    private(set) var functions: Set<String> = []
    /// From `typedef … btf_trace_NAME`.
    private(set) var rawTracepoints: Set<String> = []
    /// Members of `union security_list_options` for which there is a function `bpf_lsm_NAME`: the hooks. The union is where
    /// the kernel declares them; functions of that name there are more.
    private(set) var hooks: Set<String> = []
    /// Functions with the tag `bpf_kfunc`; nil where no function has one, which says that this BTF was made without them.
    private(set) var kfuncs: Set<String>?
    private(set) var count = 0

    private static let rawTracepoint = "btf_trace_"
    private static let hookUnion = "security_list_options"
    private static let hook = "bpf_lsm_"
    private static let kfunc = "bpf_kfunc"

    /// - Parameter btf: raw, with its header, in this machine's byte order.
    init(_ btf: [UInt8]) throws(ByteReaderError) {
        var header = ByteReader(btf)
        guard try header.integer(UInt16.self) == 0xeb9f else { throw .outOfBounds(offset: 0, count: 2, end: btf.count) }
        try header.seek(to: 4)
        let headerSize = Int(try header.integer(UInt32.self))
        func section() throws(ByteReaderError) -> ArraySlice<UInt8> {
            let offset = headerSize + Int(try header.integer(UInt32.self))
            let length = Int(try header.integer(UInt32.self))
            var reader = ByteReader(btf)
            try reader.seek(to: offset)
            return try reader.bytes(length)
        }
        var types = ByteReader(try section())
        var strings = ByteReader(try section())
        func string(_ offset: UInt32) throws(ByteReaderError) -> String {
            try strings.seek(to: Int(offset))
            return try strings.zeroTerminatedString()
        }

        var functionNames: [Int: String] = [:]
        var tagged: [Int] = []
        var members: [String] = []
        while !types.isAtEnd {
            count += 1
            let name = try types.integer(UInt32.self)
            let information = try types.integer(UInt32.self)
            let sizeOrType = try types.integer(UInt32.self)
            let kind = Kind(rawValue: UInt8(information >> 24 & 0x1f))
            let length = Int(information & 0xffff)
            switch kind {
            case .function: functionNames[count] = try string(name)
            case .typedef:
                let text = try string(name)
                if text.hasPrefix(Self.rawTracepoint) {
                    rawTracepoints.insert(String(text.dropFirst(Self.rawTracepoint.count)))
                }
            case .tag:
                if try string(name) == Self.kfunc { tagged.append(Int(sizeOrType)) }
            case .union:
                if try string(name) == Self.hookUnion {
                    var reader = types
                    for _ in 0..<length {
                        members.append(try string(try reader.integer()))
                        _ = try reader.bytes(8)
                    }
                }
            default: break
            }
            // A kind of which the size is not known ends it: the rest can't be read.
            guard let kind else { throw .outOfBounds(offset: types.offset, count: 0, end: types.offset) }
            _ = try types.bytes(kind.bytesBehind(length))
        }
        functions = Set(functionNames.values)
        hooks = Set(members).filter { functions.contains(Self.hook + $0) }
        if !tagged.isEmpty { kfuncs = Set(tagged.compactMap { functionNames[$0] }) }
    }

    /// `BTF_KIND_…` in linux/btf.h.
    private enum Kind: UInt8 {
        case integer = 1
        case pointer, array, structure, union, enumeration, forward, typedef, volatile, constant, restrict, function
        case functionPrototype, variable, dataSection, float, tag, typeTag, enumeration64

        /// Bytes behind the twelve that all have.
        func bytesBehind(_ length: Int) -> Int {
            switch self {
            case .integer, .variable, .tag: 4
            case .array: 12
            case .structure, .union, .dataSection, .enumeration64: 12 * length
            case .enumeration, .functionPrototype: 8 * length
            case .pointer, .forward, .typedef, .volatile, .constant, .restrict, .function, .float, .typeTag: 0
            }
        }
    }
}
