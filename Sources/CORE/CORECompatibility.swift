// SPDX-License-Identifier: Apache-2.0

import BTF

/// Whether an object's declaration can stand for what a kernel has, as libbpf asks it of `extern … __ksym`
/// (`bpf_core_types_are_compat`).
public enum CORECompatibility {
    /// - Parameters:
    ///   - local: a type of the object.
    ///   - target: a type of the kernel.
    /// - Returns: nil where the types are too entangled to tell.
    public static func areCompatible(_ local: UInt32, in types: BTFTypes, _ target: UInt32, in kernel: BTFTypes)
        -> Bool?
    {
        var matcher = Matcher(
            local: CORESpecification(types: types, root: local, kind: .typeExists),
            target: kernel,
            budget: Matcher.Budget(rest: Matcher.Budget.candidate)
        )
        do {
            return try matcher.typesAreCompatible(local, target, level: Matcher.deepest)
        } catch {
            return nil
        }
    }
}
