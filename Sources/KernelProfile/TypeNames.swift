// SPDX-License-Identifier: Apache-2.0

import BTF

/// The names in a kernel's BTF that decide what BPF programs can be attached to or call.
struct TypeNames {
    private(set) var functions: Set<String> = []
    /// From `typedef … btf_trace_NAME`.
    private(set) var rawTracepoints: Set<String> = []
    /// Members of `union security_list_options` for which there is a function `bpf_lsm_NAME`: the hooks. The union is where
    /// the kernel declares them; functions of that name there are more.
    private(set) var hooks: Set<String> = []
    /// Functions with the tag `bpf_kfunc`; nil where no function has one, which says that this BTF was made without them.
    private(set) var kfuncs: Set<String>?
    let count: Int

    private static let rawTracepoint = "btf_trace_"
    private static let hookUnion = "security_list_options"
    private static let hook = "bpf_lsm_"
    private static let kfunc = "bpf_kfunc"
    /// How many times as long as the whole of the types their names may be together.
    private static let mostOverlap = 4

    /// - Parameter btf: raw, with its header.
    init(_ btf: [UInt8]) throws(BTFError) {
        let types = try BTFTypes(btf, indexed: false)
        // Without `void`.
        count = types.count - 1
        // A guest may send types that all have one long name, or the ends of one.
        var budget = Self.mostOverlap * btf.count
        var tagged: Set<String> = []
        var members: [String] = []
        for type in types.ownIDs.lazy.compactMap({ types.type($0) }) {
            guard budget >= 0 else { throw .overlappingNames }
            switch type.kind {
            case .function:
                let name = type.name.text
                if functions.insert(name).inserted { budget -= name.utf8.count }
            case .typedef:
                let name = type.name.text
                if name.hasPrefix(Self.rawTracepoint) {
                    budget -= name.utf8.count
                    rawTracepoints.insert(String(name.dropFirst(Self.rawTracepoint.count)))
                }
            case .declarationTag:
                guard type.name.text == Self.kfunc, let function = type.target.flatMap({ types.type($0) }),
                    function.kind == .function
                else { continue }
                tagged.insert(function.name.text)
            case .union:
                guard type.name.text == Self.hookUnion else { continue }
                for member in type.members where budget >= 0 {
                    members.append(member.name.text)
                    budget -= members.last?.utf8.count ?? 0
                }
            default: break
            }
        }
        hooks = Set(members).filter { functions.contains(Self.hook + $0) }
        if !tagged.isEmpty { kfuncs = tagged }
    }
}
