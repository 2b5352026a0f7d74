// SPDX-License-Identifier: Apache-2.0

import BTF

/// What a kernel's modules have for BPF and the kernel itself does not: by which of them a name comes to be there.
///
/// Made once, when the kernel is prepared; asked by binary search in the bytes that were read.
public struct ModuleIndex: Sendable, Hashable {
    public struct Module: Sendable, Hashable, Codable {
        /// `nf_conntrack`
        public let name: String
        public let dependencies: [String]
    }

    /// Ascending by name.
    public let modules: [Module]
    /// Whether any of them carries types.
    public let hasTypes: Bool
    /// Names as `KernelName` describes them; numbers are places in `sets`.
    let names: NameTable
    /// Places in `modules`, ascending.
    let sets: [[UInt16]]

    /// More are not looked at.
    public static let mostModules = Int(UInt16.max)

    init(modules: [Module], hasTypes: Bool, names: NameTable, sets: [[UInt16]]) {
        self.modules = modules
        self.hasTypes = hasTypes
        self.names = names
        self.sets = sets
    }

    /// - Parameters:
    ///   - exports: of all modules.
    ///   - kernel: the kernel's own types: what they have is never a module's. nil where it has none.
    public init(_ exports: some Sequence<ModuleExports>, kernel: BTFTypes?) {
        let exports = exports.sorted { $0.module < $1.module }.prefix(Self.mostModules)
        modules = exports.map { Module(name: $0.module, dependencies: $0.dependencies) }
        hasTypes = exports.contains(where: \.hasTypes)
        var having: [KernelName: [UInt16]] = [:]
        for (place, export) in exports.enumerated() {
            for name in export.names { having[name, default: []].append(UInt16(place)) }
        }
        var sets: [[UInt16]] = []
        var numbers: [[UInt16]: UInt32] = [:]
        var entries: [String: UInt32] = [:]
        for (name, set) in having where kernel.map({ !name.isThere(in: $0) }) ?? true {
            if numbers[set] == nil {
                numbers[set] = UInt32(sets.count)
                sets.append(set)
            }
            entries[name.description] = numbers[set]
        }
        names = NameTable(entries)
        self.sets = sets
    }

    /// The modules that have it, ascending by name; empty where the kernel itself has it, or none of them does.
    public func modules(having name: KernelName) -> [String] {
        guard let number = names[name.description], sets.indices.contains(Int(number)) else { return [] }
        return sets[Int(number)].map { modules[Int($0)].name }
    }

    public func has(_ module: String) -> Bool { self.module(named: module) != nil }

    /// These modules, each after those that it depends on. What the kernel has built in is not among them.
    public func order(of wanted: [String]) -> [String] {
        ModuleOrder.order(of: wanted) { module(named: $0)?.dependencies }
    }

    /// How many names there are of a kind.
    public func count(of kind: KernelName.Kind) -> Int {
        names.names.count { $0.hasPrefix("\(kind.rawValue) ") }
    }

    private func module(named name: String) -> Module? {
        var range = modules.indices
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            if modules[middle].name == name { return modules[middle] }
            range = modules[middle].name < name ? (middle + 1)..<range.upperBound : range.lowerBound..<middle
        }
        return nil
    }
}

extension KernelName {
    /// Whether the kernel's own types have it.
    fileprivate func isThere(in kernel: BTFTypes) -> Bool {
        func has(_ name: String, _ kind: BTFKind) -> Bool { kernel.id(named: name, kind: kind) != nil }
        return switch kind {
        case .function, .symbol, .kfunc: has(name, .function)
        case .tracepoint: has("btf_trace_\(name)", .typedef)
        case .structure: has(name, .structure)
        case .union: has(name, .union)
        case .enumeration: has(name, .enumeration) || has(name, .enumeration64)
        case .typedef: has(name, .typedef)
        case .integer: has(name, .integer)
        case .structOps: has("bpf_struct_ops_\(name)", .structure)
        }
    }
}
