// SPDX-License-Identifier: Apache-2.0

import BPFObject
import BTF
import CORE
import KernelProfile
import VerifierLog

/// Holds what an object needs against what a kernel has: which programs will be refused there, and why.
///
/// Predictions are of the object loaded whole by libbpf 1.7, by root, without a loader of its own that sets constants first; what
/// it leaves to one is assumed as `test` does, unless the object is to be taken as it is compiled.
public struct CompatibilityCheck {
    private let object: CheckedObject
    private let kernel: CheckedKernel

    public init(_ object: CheckedObject, on kernel: CheckedKernel) {
        self.object = object
        self.kernel = kernel
    }

    private static let notSurveyed = Reason(
        .unknown,
        "it was never found out what this kernel has for BPF",
        cure: "bpfmatrix check --survey, or kernels info --survey"
    )

    /// In the order of the object's programs.
    public func predictions() -> [ProgramPrediction] {
        // What concerns all of them comes once.
        var shared = Findings()
        ObjectRequirements(object, kernel).check(into: &shared)
        let relocations = RelocatedFunctions(object, kernel)
        shared.add(relocations.findings)
        var findings = object.programs.indices.map { index in
            var findings = Findings()
            ProgramRequirements(object, index, kernel).check(into: &findings)
            MapCompatibility(object, index, kernel).check(into: &findings)
            CodeRequirements(object, index, kernel, relocations).check(into: &findings)
            return findings
        }
        TailCallRequirements(object, kernel).check(into: &findings, shared)
        // Without a profile next to nothing is known, which is not told of each thing.
        if kernel.profile == nil { shared.leaveUnknown(Self.notSurveyed) }
        return zip(object.programs, findings).map { program, findings in
            var own = findings.beyond(shared)
            if kernel.profile == nil { own.unknowns = [] }
            return ProgramPrediction(
                program: program.program.name,
                own: own,
                shared: shared.obstacles
            )
        }
    }
}
