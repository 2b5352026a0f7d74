// SPDX-License-Identifier: Apache-2.0

/// What a loader sets in an object before it loads it, by the names of maps and programs.
///
/// A value, the same for every loader; each applies it by its own means. It is part of what decides a verdict.
public struct LoaderContract: Sendable, Hashable {
    /// In the order in which they are applied. Settings of different maps and programs do not depend on each other.
    public var settings: [LoaderSetting]

    public init(_ settings: [LoaderSetting] = []) {
        self.settings = settings
    }

    /// The object as the compiler left it.
    public static let asCompiled = LoaderContract()

    public var isEmpty: Bool { settings.isEmpty }

    /// The same contract gives the same text, and another one another: a part of keys under which answers are kept.
    public var identity: String { settings.map(\.identity).sorted().joined(separator: "\n") }
}

/// One thing that a loader sets.
public enum LoaderSetting: Sendable, Hashable {
    /// `bpf_map__set_max_entries()`. A ring buffer takes bytes, which loaders round up to what the kernel takes.
    case maxEntries(map: String, UInt32)
    /// `bpf_map__set_value_size()`, in bytes.
    case valueSize(map: String, UInt32)
    /// `bpf_map__set_max_entries()` of what the maps in a map of maps are like.
    case innerMaxEntries(map: String, UInt32)
    /// `bpf_map__set_inner_map_fd()`: what the maps in a map of maps are like.
    case innerMap(map: String, InnerMap)
    /// `bpf_program__set_attach_target()` with some function, hook, tracepoint or iterator that the kernel has and that takes
    /// such a program; the program's own target where the kernel has that.
    case anyTarget(program: String)

    fileprivate var identity: String {
        switch self {
        case .maxEntries(let map, let count): "max_entries \(map) \(count)"
        case .valueSize(let map, let bytes): "value_size \(map) \(bytes)"
        case .innerMaxEntries(let map, let count): "inner_max_entries \(map) \(count)"
        case .innerMap(let map, let inner): "inner_map \(map) \(inner.identity)"
        case .anyTarget(let program): "any_target \(program)"
        }
    }
}

/// A map that stands for all those that a map of maps may hold: the kernel compares others with it.
public struct InnerMap: Sendable, Hashable {
    /// `enum bpf_map_type`
    public var type: UInt32
    /// Bytes.
    public var keySize: UInt32
    /// Bytes.
    public var valueSize: UInt32
    public var maxEntries: UInt32

    public init(type: UInt32, keySize: UInt32, valueSize: UInt32, maxEntries: UInt32) {
        self.type = type
        self.keySize = keySize
        self.valueSize = valueSize
        self.maxEntries = maxEntries
    }

    fileprivate var identity: String { "\(type) \(keySize) \(valueSize) \(maxEntries)" }
}
