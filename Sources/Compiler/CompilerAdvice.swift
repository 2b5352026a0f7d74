// SPDX-License-Identifier: Apache-2.0

/// What compilers complain of, and what to do about what they can't know.
public enum CompilerAdvice {
    /// What to do about what a compiler said; nil where its own words are enough.
    ///
    /// - Parameter generatedHeader: the kernel whose types were written as `vmlinux.h`; nil where there was none.
    public static func advice(
        on diagnostics: String,
        hasLibbpfHeaders: Bool,
        generatedHeader: String? = nil
    ) -> String? {
        if diagnostics.contains("'bpf/"), !hasLibbpfHeaders {
            return
                "libbpf's headers are not on this machine: scripts/setup.sh builds them, apt-get install libbpf-dev has them, "
                + "BPFMATRIX_LIBBPF_INCLUDE names them"
        }
        if let stubs = diagnostics.firstMatch(of: #/'(gnu/stubs[^']*)' file not found/#) {
            let error = CompilerDiagnostics(diagnostics).firstError
            return libcAdvice(missing: String(stubs.1), header: error.flatMap(libcHeader))
        }
        if let unknown = diagnostics.firstMatch(of: #/unknown target CPU '([^']*)'/#) {
            return
                "this compiler does not know the instruction set \(unknown.1): v4 takes clang 17 or later (BPFMATRIX_CLANG)"
        }
        if diagnostics.contains("unsupported signed division") {
            return "signed division takes --mcpu v4, which kernels know since 6.6; or divide unsigned numbers"
        }
        if let kernel = generatedHeader,
            let kfunc = undeclaredFunctions(diagnostics).first(where: {
                $0.hasPrefix("bpf_") || $0.hasPrefix("scx_bpf_")
            })
        {
            return
                "the types of Linux \(kernel) declare no kfunc \(kfunc): declare it in the source (extern … __ksym;), or take "
                + "the types of a kernel that has it, 6.10 or later: --vmlinux latest"
        }
        return nil
    }

    /// The first header on the way to the error that is none of the project's own.
    private static func libcHeader(_ error: CompilerDiagnostics.Message) -> String? {
        let way = error.inclusions.dropFirst() + [error.file].compactMap { $0 }
        let header = way.first { $0.hasPrefix("/usr/") || $0.contains("/lib/clang/") } ?? way.first
        return header?.split(separator: "/").last.map { String($0.prefix { $0 != ":" }) }
    }

    private static func libcAdvice(missing: String, header: String?) -> String {
        let define = missing == "gnu/stubs-32.h" ? "-D__x86_64__, " : ""
        return
            "\(header ?? "a header") belongs to the C library, which BPF programs do not have: take types from vmlinux.h or "
            + "<linux/types.h>. Where a source uses no more than its types and constants: \(define)"
            + "--cflag -ffreestanding for <stdint.h>, or apt-get install libc6-dev-i386"
    }

    /// Functions that a source calls, or takes the address of, and does not declare.
    static func undeclaredFunctions(_ diagnostics: String) -> [String] {
        let patterns = [
            #/call to undeclared function '(\w+)'/#, #/implicit declaration of function '(\w+)'/#,
            #/use of undeclared identifier '(\w+)'/#,
        ]
        return patterns.flatMap { diagnostics.matches(of: $0).map { String($0.1) } }
    }
}
