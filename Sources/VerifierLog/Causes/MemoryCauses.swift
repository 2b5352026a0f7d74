// SPDX-License-Identifier: Apache-2.0

/// Reads and writes through pointers: `check_mem_access()` in kernel/bpf/verifier.c.
extension CauseRule {
    static let memory: [CauseRule] = [
        CauseRule(.nullDereference, verifier: "R# invalid mem access '…'") { values, _ in
            guard values[1].hasSuffix("_or_null") else { return nil }
            return Account(
                "R\(values[0]) may be NULL where it is dereferenced",
                cure: "check it first: if (!pointer) return 0;"
            )
        }
    ]
}
