// SPDX-License-Identifier: Apache-2.0

import BPFObject
import BTF
import KernelProfile
import VerifierLog

/// Programs that share a table of tail calls: the kernel lets it belong to the kind of the first that it loads
/// (`bpf_prog_map_compatible()` in kernel/bpf/core.c).
struct TailCallRequirements {
    private let object: CheckedObject
    private let kernel: CheckedKernel
    /// What the kernel keeps of a table's owner; nil where its types are not known.
    private let kept: Set<String>?

    init(_ object: CheckedObject, _ kernel: CheckedKernel) {
        self.object = object
        self.kernel = kernel
        kept = object.tables.isEmpty ? nil : kernel.keptOfTableOwner
    }

    /// - Parameters:
    ///   - findings: what is known of each program; one that will fail for something else owns nothing.
    ///   - shared: what concerns all of them.
    func check(into findings: inout [Findings], _ shared: Findings) {
        guard shared.reasons.isEmpty else { return }
        for table in object.tables {
            var owner: TailCallTable.User?
            // Programs that are left out unless told otherwise come after those that are not.
            let users = table.users.filter { !$0.isOptional } + table.users.filter(\.isOptional)
            for user in users where findings.indices.contains(user.index) && findings[user.index].reasons.isEmpty {
                guard let first = owner else {
                    guard !user.isOptional else { break }
                    owner = user
                    continue
                }
                let isOwnerSure = findings[first.index].unknowns.isEmpty && shared.unknowns.isEmpty
                check(user, of: table, ownedBy: first, isOwnerSure, &findings[user.index])
            }
        }
    }

    private func check(
        _ user: TailCallTable.User,
        of table: TailCallTable,
        ownedBy owner: TailCallTable.User,
        _ isOwnerSure: Bool,
        _ findings: inout Findings
    ) {
        let effects = user.differences(to: owner).map { isCompared($0, user, owner) }
        guard effects.contains(where: { $0 != .absent }) else { return }
        let shared = Evidence.SharedTable(name: table.name, own: user, other: owner)
        let place = object.programs[user.index].source(atInstruction: user.instruction)
        if effects.contains(.present), isOwnerSure {
            findings.fails(Reason(.tailCallTable, shared.sentence, at: place, cure: Evidence.SharedTable.cure))
        } else {
            findings.cannotTell(
                Reason(
                    .tailCallTable,
                    "\(shared.sentence): it is not known whether this kernel lets them share it",
                    at: place,
                    cure: Evidence.SharedTable.cure
                )
            )
        }
    }

    /// Whether the kernel refuses a program for the difference.
    private func isCompared(
        _ difference: TailCallTable.User.Difference,
        _ user: TailCallTable.User,
        _ owner: TailCallTable.User
    ) -> Finding {
        switch difference {
        // What replaces a part of another program has that one's type.
        case .type: user.type == .ext || owner.type == .ext ? .notKnown : .present
        // "bpf: Enforce expected_attach_type for tailcall compatibility" (6.18), and some older kernels.
        case .attachType:
            user.isAttachTypeChosen != owner.isAttachTypeChosen
                && keeps("expected_attach_type", since: 6, 18) != .absent
                ? .notKnown : keeps("expected_attach_type", since: 6, 18)
        // "bpf: generalise tail call map compatibility check" (5.18)
        case .fragments: keeps("xdp_has_frags", since: 5, 18)
        case .sleeping: keeps("sleepable", since: nil)
        // "bpf: Prevent tail call between progs attached to different hooks" (6.12)
        case .target:
            switch keeps("attach_func_proto", since: 6, 12) {
            case .present: haveOnePrototype(user, owner)
            case .absent: .absent
            case .notKnown: .notKnown
            }
        }
    }

    private func keeps(_ field: String, since major: Int, _ minor: Int) -> Finding {
        keeps(field, since: LinuxVersion(major, minor))
    }

    private func keeps(_ field: String, since line: LinuxVersion?) -> Finding {
        if let kept { return kept.contains(field) ? .present : .absent }
        guard let line, let own = kernel.line, own >= line else { return .notKnown }
        return .present
    }

    /// Present where the two differ in the prototype of what they are attached to, by the kernel's own numbers.
    private func haveOnePrototype(_ user: TailCallTable.User, _ owner: TailCallTable.User) -> Finding {
        guard let one = prototype(of: user), let other = prototype(of: owner) else { return .notKnown }
        return one == other ? .absent : .present
    }

    private func prototype(of user: TailCallTable.User) -> UInt32? {
        guard let target = user.target, let (name, kind) = target.requiredType,
            let found = kernel.find(name, kind == .function ? .function : .typedef, in: target.home),
            found.module == nil, let type = found.types.type(found.id)?.target
        else { return nil }
        // A tracepoint's type stands for a pointer to one.
        return kind == .function ? type : found.types.resolved(type)?.target
    }
}

extension CheckedKernel {
    /// Fields of what a kernel keeps of the first user of a table of tail calls: `struct bpf_map_owner`; `owner` of `struct bpf_map`
    /// before; of `struct bpf_array_aux` before 5.18. nil where its types are not known.
    fileprivate var keptOfTableOwner: Set<String>? {
        guard let types = knownTypes else { return nil }
        func structure(_ name: String) -> BTFType? {
            types.id(named: name, kind: .structure).flatMap { types.type($0) }
        }
        let owner =
            structure("bpf_map_owner")
            ?? ["bpf_map", "bpf_array_aux"].lazy.compactMap { name in
                structure(name)?.members.first { $0.name.text == "owner" }.flatMap { types.resolved($0.type) }
            }.first { $0.kind == .structure && $0.members.contains { $0.name.text == "jited" } }
        return owner.map { Set($0.members.map(\.name.text)) }
    }
}
