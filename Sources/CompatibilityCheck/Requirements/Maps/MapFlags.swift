// SPDX-License-Identifier: Apache-2.0

/// `BPF_F_…` of a map's `map_flags` (include/uapi/linux/bpf.h).
struct MapFlags: OptionSet, Sendable, Hashable {
    let rawValue: UInt32

    static let noPreallocation = MapFlags(rawValue: 1 << 0)
    static let noCommonLRU = MapFlags(rawValue: 1 << 1)
    static let memoryNode = MapFlags(rawValue: 1 << 2)
    static let readOnly = MapFlags(rawValue: 1 << 3)
    static let writeOnly = MapFlags(rawValue: 1 << 4)
    static let stackBuildID = MapFlags(rawValue: 1 << 5)
    static let zeroSeed = MapFlags(rawValue: 1 << 6)
    static let readOnlyForPrograms = MapFlags(rawValue: 1 << 7)
    static let writeOnlyForPrograms = MapFlags(rawValue: 1 << 8)
    static let clone = MapFlags(rawValue: 1 << 9)
    static let mappable = MapFlags(rawValue: 1 << 10)
    static let preserveElements = MapFlags(rawValue: 1 << 11)
    static let innerMap = MapFlags(rawValue: 1 << 12)
    static let faultSignal = MapFlags(rawValue: 1 << 17)
    static let noUserConversion = MapFlags(rawValue: 1 << 18)
    static let overwrite = MapFlags(rawValue: 1 << 19)

    /// Of user space alone.
    static let userAccess: MapFlags = [.readOnly, .writeOnly]
    /// `BPF_F_ACCESS_MASK`
    static let access: MapFlags = [.readOnly, .writeOnly, .readOnlyForPrograms, .writeOnlyForPrograms]

    /// Those that some kernels since 5.10 do not have, by bits. A kernel's own types tell.
    static let later = [
        11: "BPF_F_PRESERVE_ELEMS", 12: "BPF_F_INNER_MAP", 13: "BPF_F_LINK", 14: "BPF_F_PATH_FD",
        15: "BPF_F_VTYPE_BTF_OBJ_FD", 16: "BPF_F_TOKEN_FD", 17: "BPF_F_SEGV_ON_FAULT", 18: "BPF_F_NO_USER_CONV",
        19: "BPF_F_RB_OVERWRITE",
    ]
}
