// SPDX-License-Identifier: Apache-2.0

/// Why there is no object to test.
public enum CompileError: Error, Hashable, CustomStringConvertible {
    /// No clang with the BPF target; `found` are those without it.
    case noCompiler(found: [String])
    /// clang refused the source.
    case rejected(Rejection)
    /// clang did not end in time.
    case timedOut(source: String, limit: Duration)
    case noTypeInformation(kernel: String)
    case noBPFTool
    /// Neither a `vmlinux.h` nor a folder with one.
    case noHeader(path: String)
    case toolFailed(what: String, reason: String)
    case storage(path: String, reason: String)

    public struct Rejection: Hashable, Sendable {
        public let source: String
        /// The compiler's own words.
        public let diagnostics: String
        /// What to do about what the compiler can't know; nil where its own words are enough.
        public let advice: String?
        /// All that it read or wanted to.
        public let inputs: [String]
        /// The file with all of the compiler's words.
        public let output: String
    }

    public var description: String {
        switch self {
        case .noCompiler(let found):
            found.isEmpty
                ? "no clang on PATH: the Swift toolchain's own will do, or apt-get install clang; or set BPFMATRIX_CLANG"
                : "no clang with the BPF target: \(found.joined(separator: ", ")) has none; set BPFMATRIX_CLANG to one that does"
        case .rejected(let rejection):
            "\(rejection.source) does not compile\n\(rejection.diagnostics)"
                + (rejection.advice.map { "\($0)\n" } ?? "")
        case .timedOut(let source, let limit):
            "\(source) was not compiled within \(limit.components.seconds) s; --program-timeout sets a longer limit"
        case .noTypeInformation(let kernel):
            "vmlinux.h can't be made from \(kernel): that kernel was built without BTF (CONFIG_DEBUG_INFO_BTF)"
        case .noBPFTool: "vmlinux.h is written by bpftool, which is not installed: apt-get install bpftool"
        case .noHeader(let path):
            "--vmlinux \(path): neither a header nor a folder with a vmlinux.h; a kernel is named by its line or version, such as 6.12"
        case .toolFailed(let what, let reason): "cannot \(what): \(reason)"
        case .storage(let path, let reason): "cannot write \(path): \(reason)"
        }
    }
}
