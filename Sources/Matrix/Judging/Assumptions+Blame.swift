// SPDX-License-Identifier: Apache-2.0

import Assumptions
import GuestProtocol
import LoaderContract
import VerifierLog

extension Assumptions {
    /// The assumption that may be why the verifier refuses a program: then the refusal says nothing of the program.
    ///
    /// The program depends on what its target hands to it; on an inner map only where the verifier speaks of maps.
    func blame(for report: ProgramReport, _ log: VerifierLog) -> Evidence.Assumption? {
        guard report.stage == .kernel else { return nil }
        if !report.target.isEmpty { return .target(report.target) }
        guard log.messages.contains(where: Self.isAboutMaps) else { return nil }
        for case .innerMap(let map, _) in settings(of: report.program) { return .innerMap(map) }
        return nil
    }

    private static func isAboutMaps(_ message: String) -> Bool {
        ["map_value", "map_ptr", "map value", "map_type"].contains { message.contains($0) }
    }
}
