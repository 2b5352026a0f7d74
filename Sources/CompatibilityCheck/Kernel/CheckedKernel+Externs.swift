// SPDX-License-Identifier: Apache-2.0

import BPFObject
import BTF
import CORE
import KernelProfile

extension CheckedKernel {
    /// What libbpf finds for a function or a variable that an object expects.
    enum ExternFinding: Hashable {
        case present
        case absent
        /// It is there, of another type than the object declares.
        case otherType
        /// In a module, and it is not known what modules have.
        case module(String)
        case notKnown
    }

    /// As `bpf_object__resolve_ksym_var_btf_id` and `bpf_object__resolve_ksym_func_btf_id` in libbpf do.
    func finding(of extern: BPFExtern, in object: ObjectContents) -> ExternFinding {
        guard knownTypes != nil else { return .notKnown }
        let isFunction = extern.kind == .function
        guard let found = find(extern.essentialName, isFunction ? .function : .variable) else {
            guard modules == nil else { return .absent }
            return profile?.function(extern.essentialName)?.module.map(ExternFinding.module) ?? .absent
        }
        let (types, id) = (found.types, found.id)
        guard let local = object.types, let mine = local.type(extern.type)?.target, let other = types.type(id)?.target
        else { return .notKnown }
        // Of variables libbpf compares the types without names and qualifiers; of functions the prototypes as they are.
        let own = isFunction ? mine : local.resolved(mine)?.id ?? mine
        let target = isFunction ? other : types.resolved(other)?.id ?? other
        switch CORECompatibility.areCompatible(own, in: local, target, in: types) {
        case true?: return .present
        case false?: return .otherType
        case nil: return .notKnown
        }
    }

    /// Whether the kernel has something of that name, and not as the object declares it.
    public func has(otherwise extern: BPFExtern, in object: ObjectContents) -> Bool {
        finding(of: extern, in: object) == .otherType
    }

    /// Whether a kfunc is called where the object calls it: libbpf puts something else in the place of a weak one that is
    /// missing, or declared otherwise.
    func calls(_ extern: BPFExtern, in object: ObjectContents) -> Finding {
        guard extern.isWeak else { return .present }
        return switch finding(of: extern, in: object) {
        case .present: .present
        case .absent, .otherType: .absent
        case .module, .notKnown: .notKnown
        }
    }
}
