// SPDX-License-Identifier: Apache-2.0

import BPFObject
import BTF
import LoaderContract
import VerifierLog

/// What a program may be attached to whose object leaves that to its own loader. `bpfmatrix test` attaches it to one of these; what
/// the verifier then says of the program is its own analysis.
struct OpenTarget {
    private let candidates: [StandInTarget]
    /// What a program of a security module is attached to; nil for others.
    let hook: AttachTarget?
    private let kernel: CheckedKernel

    /// nil where the kernel has what the section names: then it is no longer open.
    init?(of program: BPFProgram, _ definition: SectionDefinition, _ kernel: CheckedKernel) {
        if let target = program.target, let (name, kind) = target.requiredType,
            kernel.find(name, kind == .function ? .function : .typedef, in: target.home) != nil
        {
            return nil
        }
        guard let use = StandInTarget.Use(definition) else { return nil }
        candidates = StandInTarget.candidates(for: use)
        hook =
            use == .securityHook
            ? .securityHook(name: StandInTarget.securityHook.plainName, module: nil) : nil
        self.kernel = kernel
    }

    func check(into findings: inout Findings) {
        // Without types, that has been told of the object.
        guard let types = kernel.knownTypes else { return }
        let isThere = candidates.contains {
            types.id(named: $0.name, kind: $0.kind == .function ? .function : .typedef) != nil
        }
        guard !isThere else { return }
        findings.fails(
            Reason(
                .targetUnset,
                "the object leaves its attach target to its own loader, and this kernel has none of those that are tried in its place "
                    + "(\(candidates.map(\.plainName).joined(separator: ", ")))",
                cure: "name it in the section: SEC(\"fentry/function\")"
            )
        )
    }
}

extension StandInTarget.Use {
    /// nil for programs that are not attached by the kernel's types.
    init?(_ definition: SectionDefinition) {
        switch (definition.type, definition.attachType.map(AttachType.name)) {
        case (.lsm, _): self = .securityHook
        case (.tracing, "trace_raw_tp"): self = .tracepoint
        case (.tracing, "trace_iter"): self = .iterator
        case (.tracing, "modify_return"): self = .modifiedFunction
        case (.tracing, _): self = .tracedFunction(isSleepable: definition.isSleepable)
        default: return nil
        }
    }
}
