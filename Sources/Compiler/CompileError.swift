// SPDX-License-Identifier: Apache-2.0

/// Why there is no object to test.
public enum CompileError: Error, Hashable, CustomStringConvertible {
    /// No clang with the BPF target; `found` are those without it.
    case noCompiler(found: [String])
    /// clang refused the source; `diagnostics` are its own words, `inputs` all that it read or wanted to.
    case rejected(source: String, diagnostics: String, inputs: [String])
    case noTypeInformation(kernel: String)
    case noBPFTool
    case toolFailed(what: String, reason: String)
    case storage(path: String, reason: String)

    public var description: String {
        switch self {
        case .noCompiler(let found):
            found.isEmpty
                ? "no clang on PATH: the Swift toolchain's own will do, or apt-get install clang; or set BPFMATRIX_CLANG"
                : "no clang with the BPF target: \(found.joined(separator: ", ")) has none; set BPFMATRIX_CLANG to one that does"
        case .rejected(let source, let diagnostics, _): "\(source) does not compile\n\(diagnostics)"
        case .noTypeInformation(let kernel):
            "vmlinux.h can't be made from \(kernel): that kernel was built without BTF (CONFIG_DEBUG_INFO_BTF)"
        case .noBPFTool: "vmlinux.h is written by bpftool, which is not installed: apt-get install bpftool"
        case .toolFailed(let what, let reason): "cannot \(what): \(reason)"
        case .storage(let path, let reason): "cannot write \(path): \(reason)"
        }
    }
}
