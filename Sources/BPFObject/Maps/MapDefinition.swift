// SPDX-License-Identifier: Apache-2.0

import BTF

/// What the kernel is told when a map is created, as far as the object says it (`struct btf_map_def` in libbpf).
///
/// A loader may change any of it before: 0 for `maxEntries` usually means that it does.
public struct MapDefinition: Sendable, Hashable {
    /// `enum bpf_map_type`: `MapType.name` has its name.
    public internal(set) var type: UInt32 = 0
    /// Bytes; 0 where the object does not say.
    public internal(set) var keySize: UInt32 = 0
    public internal(set) var valueSize: UInt32 = 0
    public internal(set) var maxEntries: UInt32 = 0
    /// `BPF_F_*` of linux/bpf.h.
    public internal(set) var flags: UInt32 = 0
    /// `map_extra`: how many hash functions a Bloom filter has; where an arena begins.
    public internal(set) var extra: UInt64 = 0
    /// The node that its memory comes from, where flags say that one was chosen.
    public internal(set) var numaNode: UInt32 = 0
    /// It is pinned by its name, and found again by others (`LIBBPF_PIN_BY_NAME`).
    public internal(set) var isPinned = false
    /// Numbers of types in the object's BTF; 0 where only sizes are said.
    public internal(set) var keyType: UInt32 = 0
    public internal(set) var valueType: UInt32 = 0

    init() {}

    /// One that says nothing but its type and its sizes.
    public init(type: UInt32, keySize: UInt32, valueSize: UInt32, maxEntries: UInt32) {
        self.type = type
        self.keySize = keySize
        self.valueSize = valueSize
        self.maxEntries = maxEntries
    }

    public var typeName: String { MapType.name(type) }

    /// `BPF_MAP_TYPE_ARRAY_OF_MAPS`, `BPF_MAP_TYPE_HASH_OF_MAPS`
    public var holdsMaps: Bool { type == 12 || type == 13 }
    /// `BPF_MAP_TYPE_ARENA`
    public var isArena: Bool { type == 33 }
    /// `BPF_MAP_TYPE_PROG_ARRAY`
    public var holdsPrograms: Bool { type == 3 }

    /// Bytes that the kernel needs at least for this many entries: what it puts aside when it creates the map
    /// (`array_map_alloc()`, `htab_map_alloc()`). 0 for types that take memory only as they are filled.
    public func leastMemory(entries: UInt32) -> UInt64 {
        let value = (UInt64(valueSize) + 7) & ~7
        let key = (UInt64(keySize) + 7) & ~7
        let entry: UInt64 =
            switch typeName {
            case "array", "percpu_array": value
            case "hash", "percpu_hash", "lru_hash", "lru_percpu_hash":
                flags & Self.noPreallocation == 0 ? key + value : 0
            case "ringbuf", "user_ringbuf": 1
            case "queue", "stack": UInt64(valueSize)
            default: 0
            }
        let (bytes, isTooMuch) = entry.multipliedReportingOverflow(by: UInt64(entries))
        return isTooMuch ? .max : bytes
    }

    /// Names of the flags that are set, in the order of their bits; those without a name here as a number.
    public var flagNames: [String] { Self.flagNames(flags) }

    public static func flagNames(_ flags: UInt32) -> [String] {
        (0..<32).filter { flags >> $0 & 1 != 0 }.map { bit in
            bit < names.count ? names[bit] : "0x" + String(UInt32(1) << bit, radix: 16)
        }
    }

    /// Bits of `map_flags` (linux/bpf.h).
    private static let names = [
        "BPF_F_NO_PREALLOC", "BPF_F_NO_COMMON_LRU", "BPF_F_NUMA_NODE", "BPF_F_RDONLY", "BPF_F_WRONLY",
        "BPF_F_STACK_BUILD_ID", "BPF_F_ZERO_SEED", "BPF_F_RDONLY_PROG", "BPF_F_WRONLY_PROG", "BPF_F_CLONE",
        "BPF_F_MMAPABLE", "BPF_F_PRESERVE_ELEMS", "BPF_F_INNER_MAP", "BPF_F_LINK", "BPF_F_PATH_FD",
        "BPF_F_VTYPE_BTF_OBJ_FD", "BPF_F_TOKEN_FD", "BPF_F_SEGV_ON_FAULT", "BPF_F_NO_USER_CONV", "BPF_F_RB_OVERWRITE",
    ]

    static let noPreallocation: UInt32 = 1 << 0
    /// `BPF_F_LINK`: a `struct_ops` that a link attaches (`.struct_ops.link`).
    public var isAttachedByLink: Bool { flags & Self.link != 0 }

    static let readOnlyForPrograms: UInt32 = 1 << 7
    static let mappable: UInt32 = 1 << 10
    static let link: UInt32 = 1 << 13
}

/// Why libbpf refuses a map's definition.
public enum MapDefinitionError: Error, Hashable, CustomStringConvertible {
    /// Its variable is static, or not there.
    case notGlobal
    case notAStructure
    /// Two entries of its section are that variable.
    case listedTwice
    case noType
    case unknownField(String)
    /// A field that should be a number, as `__uint` and `__ulong` write it.
    case notANumber(field: String)
    /// A field that should name a type, as `__type` writes it.
    case notAPointer(field: String)
    /// The type that a field names has no size.
    case noSize(field: String)
    /// Two fields say different sizes.
    case conflictingSizes(field: String)
    /// Maps in maps in maps.
    case tooManyLevels
    case valuesNotLast
    /// `values` in a map that holds neither maps nor programs.
    case valuesOfNothing
    case wrongValues
    case wrongPinning(UInt32)
    /// An initial value of a map in maps, or of a program array, that is none.
    case wrongInitialValue(String)

    public var description: String {
        switch self {
        case .notGlobal: "it is not a global variable"
        case .notAStructure: "it is not a struct"
        case .listedTwice: "its section has it twice"
        case .noType: "it says no type: __uint(type, BPF_MAP_TYPE_…) is missing"
        case .unknownField(let field): "libbpf knows no field '\(field)'"
        case .notANumber(let field): "'\(field)' is not a number: write __uint(\(field), …)"
        case .notAPointer(let field): "'\(field)' is not a type: write __type(\(field), …)"
        case .noSize(let field): "the type of its \(field) has no size"
        case .conflictingSizes(let field): "it says two sizes of its \(field)"
        case .tooManyLevels: "a map in a map can't hold maps"
        case .valuesNotLast: "'values' must be its last field"
        case .valuesOfNothing: "only maps of maps and program arrays have 'values'"
        case .wrongValues: "its 'values' are neither maps nor functions"
        case .wrongPinning(let value): "libbpf knows no pinning \(value)"
        case .wrongInitialValue(let name): "'\(name)' can't be one of its initial values"
        }
    }
}
