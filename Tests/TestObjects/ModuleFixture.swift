// SPDX-License-Identifier: Apache-2.0

/// Files like those of kernel modules, as far as they are read: sections, symbols and types.
public enum ModuleFixture {
    /// - Parameters:
    ///   - functions: in its code.
    ///   - kfuncs: functions in a set for programs, as include/linux/btf_ids.h lays it out: a head of eight bytes, and eight for
    ///     each function.
    ///   - types: its `.BTF`; nil for a module without types.
    public static func bytes(
        dependencies: [String] = [],
        functions: [String] = [],
        tracepoints: [String] = [],
        kfuncs: [String] = [],
        types: [UInt8]? = nil
    ) throws -> [UInt8] {
        var lines = [
            "static const char information[] SEC(\".modinfo\") = "
                + "\"name=fixture\\0depends=\(dependencies.joined(separator: ","))\";"
        ]
        lines += functions.map { "SEC(\"code\") int \($0)(void) { return 0; }" }
        lines += tracepoints.map { "int __tracepoint_\($0) = 1;" }
        if !kfuncs.isEmpty {
            let members = kfuncs.map { "__BTF_ID__func__\($0)__7: .long 0; .long 0;" }.joined(separator: " ")
            let set = "__BTF_ID__set8__kfuncs"
            lines.append(
                "asm(\".section .BTF_ids,\\\"a\\\"; \(set): .long \(kfuncs.count); .long 0; \(members) "
                    + ".size \(set), . - \(set); .text\");"
            )
        }
        if let types {
            let numbers = types.map(String.init).joined(separator: ",")
            lines.append("const unsigned char types[] SEC(\".BTF\") = { \(numbers) };")
        }
        return try CompiledObject.bytes(lines.joined(separator: "\n"), options: ["-g0"])
    }
}
