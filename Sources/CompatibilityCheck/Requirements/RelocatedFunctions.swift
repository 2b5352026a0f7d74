// SPDX-License-Identifier: Apache-2.0

import BPFObject
import BTF
import CORE
import Instruction
import VerifierLog

/// Every function of an object with its CO-RE relocations resolved in one kernel.
struct RelocatedFunctions {
    /// What one relocated instruction comes to.
    enum Result {
        case patched(BPFInstruction, second: BPFInstruction?)
        /// It can't be what was meant, and is refused where it is reached, for this reason. With the member that it has to do with.
        case poisoned(reason: Reason, member: String?)
        case notKnown(String)
    }

    /// By function, then by the instruction's place in it.
    private(set) var results: [[Int: Result]] = []
    /// What makes libbpf give up on the object.
    private(set) var findings = Findings()

    private let kernel: CheckedKernel

    init(_ object: CheckedObject, _ kernel: CheckedKernel) {
        self.kernel = kernel
        guard let local = object.contents.types else { return }
        let target = kernel.knownTypes.map { CORETarget($0, modules: kernel.modules?.loaded) }
        var relocator = target.map { CORERelocator(types: local, target: $0) }
        results = [[Int: Result]](repeating: [:], count: object.contents.functions.count)
        let left = Self.leftOut(object.contents)
        // What was found for one decides what is found for those behind it; programs that are left out have no part in it, and
        // are loaded by themselves, if at all.
        for isLeftOut in [false, true] {
            for placed in object.contents.relocations where left.contains(placed.function) == isLeftOut {
                let relocation = placed.relocation
                guard results.indices.contains(placed.function) else { continue }
                guard let resolution = relocator?.resolve(relocation.record) else {
                    results[placed.function][relocation.instruction] = .notKnown(
                        "it is not known what this kernel's types are"
                    )
                    continue
                }
                results[placed.function][relocation.instruction] = result(
                    of: resolution,
                    at: relocation.instruction,
                    in: object.contents.functions[placed.function],
                    isLeftOut: isLeftOut
                )
            }
        }
    }

    /// Functions that are programs which the object asks loaders to leave out.
    private static func leftOut(_ contents: ObjectContents) -> Set<Int> {
        let names = Set(contents.programs.filter(\.isOptional).map(\.name))
        return Set(contents.functions.indices.filter { names.contains(contents.functions[$0].name) })
    }

    /// What to do where something may be missing.
    private static let cure =
        "ask whether it exists before it is used (bpf_core_field_exists and its like), or declare what this kernel has as a "
        + "flavour: struct name___old"

    private func absence(of resolution: COREResolution) -> Reason {
        if let local = resolution.local, let name = local.types.type(local.root)?.name.essential,
            let absence = kernel.absence(of: name)
        {
            return absence
        }
        return Reason(.relocationWithoutMatch, Self.sentence(resolution), cure: Self.cure)
    }

    /// In the words of what is missing.
    private static func sentence(_ resolution: COREResolution) -> String {
        switch resolution.miss {
        case nil: "\(resolution)"
        case .noMember(let member, _, let type, let similar):
            "\(type) has no member \(member) in this kernel"
                + (similar.isEmpty ? "" : "; it has \(similar.joined(separator: ", "))")
        case let miss?: "\(miss)"
        }
    }

    private mutating func result(
        of resolution: COREResolution,
        at place: Int,
        in function: BPFFunction,
        isLeftOut: Bool
    ) -> Result {
        guard function.instructions.indices.contains(place) else { return .notKnown("\(resolution)") }
        let instruction = function.instructions[place]
        let following = place + 1 < function.instructions.count ? function.instructions[place + 1] : nil
        let patch = resolution.patch(
            instruction,
            followedBy: instruction.isWideLoad ? following : nil
        )
        switch patch {
        case .patched(let patched, let second): return .patched(patched, second: second)
        case .poisoned(.notFound):
            return .poisoned(reason: absence(of: resolution), member: resolution.local?.lastName)
        case .poisoned(.otherSize(let local, let other)):
            return .poisoned(
                reason: Reason(
                    .relocationWithoutMatch,
                    "\(resolution.local?.text ?? "a field") has \(other) bytes in this kernel, and \(local) are read",
                    cure: Self.cure
                ),
                member: resolution.local?.lastName
            )
        case .refused(let refusal):
            // One that is left out is no hindrance to the others.
            guard !isLeftOut else { return .notKnown("\(resolution)") }
            let subject = resolution.local?.text ?? "a relocation"
            findings.fails(
                Reason(
                    .relocationWithoutMatch,
                    "\(subject): \(refusal); libbpf gives up on the object",
                    at: function.source(atInstruction: place, naming: resolution.local?.lastName ?? "")
                )
            )
            return .notKnown("\(refusal)")
        case .undecided: return .notKnown("\(resolution)")
        }
    }
}
