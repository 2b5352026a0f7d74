// SPDX-License-Identifier: Apache-2.0

import BPFObject
import BTF
import VerifierLog

extension Evidence.Complaint {
    /// What the rules of a map's type say of it, for whoever explains why a kernel refused it; nil where they say nothing.
    public init?(of map: BPFMap, _ types: BTFTypes?, on kernel: CheckedKernel) {
        guard map.origin == .declared || map.origin == .data else { return nil }
        var findings = Findings()
        let requirements = MapRequirements(map, kernel, types)
        if map.origin == .data {
            requirements.checkMemory(&findings)
            ObjectRequirements.checkMapping(map, types, kernel, &findings)
        } else {
            requirements.check(into: &findings)
        }
        guard let reason = findings.reasons.first else { return nil }
        self.init(reason.code, reason.sentence, cure: reason.cure)
    }

    /// What a program may not use of these maps, for whoever explains why a kernel refused it.
    ///
    /// - Parameter maps: all of the object's, as they are created.
    public static func complaints(of program: LinkedProgram, using maps: [BPFMap], on kernel: CheckedKernel) -> [Self] {
        var seen: Set<Int> = []
        let uses = program.mapUses.filter { seen.insert($0.thing).inserted }
        var findings = Findings()
        MapCompatibility(program, uses, maps, kernel).check(into: &findings)
        return findings.reasons.map { reason in
            Self(reason.code, reason.sentence, cure: reason.cure, instruction: reason.instruction)
        }
    }
}
