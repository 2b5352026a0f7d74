// SPDX-License-Identifier: Apache-2.0

/// Refusals of what was set in the place of the object's own loader: with what that loader sets, the kernel may take the program.
extension CauseRule {
    static let assumptions: [CauseRule] = [
        CauseRule { evidence in
            guard case .program = evidence.refusal else { return nil }
            switch evidence.program.assumption {
            case .target(let target)?:
                return Cause(
                    .targetUnset,
                    "the object leaves its attach target to its own loader; the verifier refuses it with \(target)",
                    cure: "name the target: SEC(\"fentry/function\"); with another the verifier may take the program",
                    words: evidence.messages.last
                )
            case .innerMap(let map)?:
                return Cause(
                    .innerMapUnset,
                    "the object leaves the inner map of \(map) to its own loader; the verifier refuses an assumed one",
                    cure: "say what the maps in \(map) are: __array(values, struct …)",
                    words: evidence.messages.last
                )
            case nil: return nil
            }
        }
    ]
}
