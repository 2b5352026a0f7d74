// SPDX-License-Identifier: Apache-2.0

import Assumptions
import GuestProtocol
import LoaderContract
import VerifierLog

extension Assumptions {
    /// The assumption that may be why the verifier refuses a program: then the refusal says nothing of the program.
    ///
    /// The program depends on what its target hands to it, and on what the maps are like that it takes out of another one: their keys
    /// lie on its stack, their values decide what it may read.
    func blame(for report: ProgramReport, _ log: VerifierLog) -> Evidence.Assumption? {
        guard report.stage == .kernel else { return nil }
        if !report.target.isEmpty { return .target(report.target) }
        guard log.messages.contains(where: Self.mayBeAboutMaps) else { return nil }
        return assumedInnerMap(usedBy: report.program).map { .innerMap($0) }
    }

    /// Of values, of what a map can do, and of keys, which lie on the stack.
    private static func mayBeAboutMaps(_ message: String) -> Bool {
        ["map", "stack"].contains { message.contains($0) }
    }
}
