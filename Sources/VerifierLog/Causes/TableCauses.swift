// SPDX-License-Identifier: Apache-2.0

import BPFObject

/// Tables of tail calls: `bpf_check_tail_call()` in kernel/bpf/core.c compares programs after the verifier has accepted them, and
/// says nothing.
extension CauseRule {
    static let tables: [CauseRule] = [
        CauseRule { evidence in
            guard case .program = evidence.refusal, evidence.errno == invalidArgument,
                evidence.log.statistics.instructions != nil, let table = evidence.program.sharedTables.first,
                evidence.messages.allSatisfy({ statistics.match($0) != nil })
            else { return nil }
            return Cause(.tailCallTable, table.account)
        }
    ]

    private static let statistics: Wording = "subprog # (…) main insns_self …"
}

extension Evidence.SharedTable {
    /// One sentence for the verdict and for the prediction.
    public var sentence: String {
        "'\(own.program)', a program of type \(own.kind), uses the table of tail calls '\(name)', which belongs to programs like "
            + "'\(other.program)', of type \(other.kind)"
    }

    /// What helps.
    public static let cure = "one table for each type of program and attach type"

    var account: Account { Account(sentence, cure: Self.cure, instruction: own.instruction) }
}
