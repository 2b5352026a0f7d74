// SPDX-License-Identifier: Apache-2.0

import BTF
import ELF

/// What one of a kernel's modules has for BPF, read from its file.
public struct ModuleExports: Sendable, Hashable {
    /// `nf_conntrack`
    public let module: String
    /// Modules that are loaded before it; `depends=` in its `.modinfo`.
    public let dependencies: [String]
    public let names: Set<KernelName>
    /// Whether it carries the types of what it has; modules do since 5.11, with `CONFIG_DEBUG_INFO_BTF_MODULES`.
    public let hasTypes: Bool

    /// Names of .BTF_ids' symbols (include/linux/btf_ids.h): a set of kfuncs, and a function in it.
    private static let functionSet = "__BTF_ID__set8__"
    private static let functionID = "__BTF_ID__func__"
    private static let tracepointSymbol = "__tracepoint_"
    private static let tracepointType = "btf_trace_"
    private static let structOpsType = "bpf_struct_ops_"
    private static let kfuncTag = "bpf_kfunc"
    /// Symbols of what stands before a function, and of what the compiler has split off one.
    private static let preambles = ["__pfx_", "__cfi_"]

    /// - Parameters:
    ///   - bytes: of the module's file, decompressed.
    ///   - kernel: the types of the kernel that it was built for, which its own go on from; nil where the kernel has none.
    /// - Throws: where the bytes are no module. Types that can't be read are none.
    public init(_ bytes: [UInt8], named module: String, kernel: BTFTypes?) throws(ELFError) {
        let file = try ELFFile(bytes)
        self.module = module
        dependencies = Self.dependencies(in: file)
        var names: Set<KernelName> = []
        let types = Self.types(in: file, kernel: kernel, indexed: false)
        hasTypes = types != nil
        if let types, !Self.add(types, to: &names, budget: bytes.count) { throw .namesTooLong }
        Self.add(try file.symbols(), of: file, to: &names)
        self.names = names
    }

    /// Modules that those bytes say to depend on; nil where they are no module.
    public static func dependencies(of bytes: [UInt8]) -> [String]? {
        guard let file = try? ELFFile(bytes), file.section(named: ".modinfo") != nil else { return nil }
        return dependencies(in: file)
    }

    private static func dependencies(in file: ELFFile) -> [String] {
        guard let section = file.section(named: ".modinfo"), let contents = try? file.contents(of: section) else {
            return []
        }
        let fields = contents.split(separator: 0).lazy.map { String(decoding: $0, as: UTF8.self) }
        return fields.first { $0.hasPrefix("depends=") }
            .map { $0.dropFirst("depends=".count).split(separator: ",").map { ModuleOrder.canonical(String($0)) } }
            ?? []
    }

    /// The types that a module carries, ready to be looked up by name.
    ///
    /// - Parameters:
    ///   - bytes: of the module's file, decompressed.
    ///   - kernel: the types of the kernel that it was built for.
    /// - Returns: nil where it carries none, or none that can be read.
    public static func types(of bytes: [UInt8], kernel: BTFTypes) -> BTFTypes? {
        (try? ELFFile(bytes)).flatMap { types(in: $0, kernel: kernel, indexed: true) }
    }

    /// `.BTF` goes on from the kernel's types or, where a module was built apart from its kernel, from what of those it keeps in
    /// `.BTF.base`.
    private static func types(in file: ELFFile, kernel: BTFTypes?, indexed: Bool) -> BTFTypes? {
        func contents(_ name: String) -> ArraySlice<UInt8>? {
            file.section(named: name).flatMap { try? file.contents(of: $0) }
        }
        guard let own = contents(".BTF") else { return nil }
        let base = contents(".BTF.base").flatMap { try? BTFTypes($0, indexed: false) } ?? kernel
        return base.flatMap { try? BTFTypes(own, base: $0, indexed: indexed) }
    }

    /// Names that begin at every byte of one long string would take many times the file's length.
    ///
    /// - Parameter budget: bytes that all names together may have.
    /// - Returns: false where they have more.
    private static func add(_ types: BTFTypes, to names: inout Set<KernelName>, budget: Int) -> Bool {
        var budget = budget
        for id in types.ownIDs {
            guard let type = types.type(id) else { continue }
            budget -= type.name.withBytes { $0.count }
            guard budget >= 0 else { return false }
            switch type.kind {
            case .function: names.insert(KernelName(.function, type.name.text))
            case .declarationTag:
                guard type.name.text == kfuncTag, let function = type.target.flatMap({ types.type($0) }),
                    function.kind == .function
                else { continue }
                names.insert(KernelName(.kfunc, function.name.text))
            case .structure, .union, .enumeration, .enumeration64, .typedef, .integer:
                let name = type.name.text
                if type.kind == .typedef, name.hasPrefix(tracepointType) {
                    names.insert(KernelName(.tracepoint, String(name.dropFirst(tracepointType.count))))
                } else if let named = KernelName(type: type.kind, essentialName: name) {
                    names.insert(named)
                    if type.kind == .structure, name.hasPrefix(structOpsType) {
                        names.insert(KernelName(.structOps, String(name.dropFirst(structOpsType.count))))
                    }
                }
            default: continue
            }
        }
        return true
    }

    private static func add(_ symbols: [ELFSymbol], of file: ELFFile, to names: inout Set<KernelName>) {
        var sets: [ClosedRange<Int>] = []
        var ids: [(offset: Int, function: String)] = []
        for symbol in symbols {
            if symbol.name.hasPrefix(functionSet) {
                guard symbol.size > 0, symbol.value >= 0, symbol.value < Int.max - symbol.size else { continue }
                sets.append(symbol.value...(symbol.value + symbol.size - 1))
            } else if symbol.name.hasPrefix(functionID) {
                ids.append((symbol.value, function(ofID: symbol.name)))
            } else if symbol.name.hasPrefix(tracepointSymbol), symbol.sectionIndex != nil {
                names.insert(KernelName(.tracepoint, String(symbol.name.dropFirst(tracepointSymbol.count))))
            } else if symbol.kind == .function, symbol.sectionIndex != nil, !symbol.name.contains("."),
                !preambles.contains(where: symbol.name.hasPrefix),
                !names.contains(KernelName(.function, symbol.name))
            {
                names.insert(KernelName(.symbol, symbol.name))
            }
        }
        // Side by side in the order of their places: a hostile file has as many of the one as of the other.
        sets.sort { $0.lowerBound < $1.lowerBound }
        var next = 0
        var end = -1
        for id in ids.sorted(by: { $0.offset < $1.offset }) {
            while next < sets.count, sets[next].lowerBound <= id.offset {
                end = max(end, sets[next].upperBound)
                next += 1
            }
            if id.offset <= end { names.insert(KernelName(.kfunc, id.function)) }
        }
    }

    /// `bpf_ct_release` of `__BTF_ID__func__bpf_ct_release__779480`.
    private static func function(ofID symbol: String) -> String {
        let name = symbol.dropFirst(functionID.count)
        guard let end = name.range(of: "__", options: .backwards) else { return String(name) }
        return String(name[..<end.lowerBound])
    }
}
