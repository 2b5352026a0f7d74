// SPDX-License-Identifier: Apache-2.0

/// What stops libbpf before it asks the kernel for a program: src/libbpf.c, 1.7.
extension CauseRule {
    static let loader: [CauseRule] = [
        CauseRule(.targetMissing, libbpf: "failed to find kernel BTF type ID of '…': #") { values, _ in
            Account("this kernel has no \(values[0]) to attach to")
        }
    ]
}
