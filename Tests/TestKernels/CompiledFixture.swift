// SPDX-License-Identifier: Apache-2.0

import Compiler
import Foundation
import Matrix
import SystemPackage
import VirtualMachine

/// Objects that tests compile for themselves.
public enum CompiledFixture {
    private static let opening = """
        #include "vmlinux.h"
        #include <bpf/bpf_helpers.h>
        #include <bpf/bpf_tracing.h>
        #include <bpf/bpf_core_read.h>
        char LICENSE[] SEC("license") = "GPL";

        """

    /// Compiles `code`, with libbpf's usual headers before it and the types of 6.12.
    public static func object(_ name: String, _ code: String) async throws -> TestObject {
        try await withScratchFolder { folder in
            let source = folder.appending("\(name).c")
            try source.write(opening + code)
            let compiled = try await compile(source)
            return try InputReader.object(compiledFrom: source, at: compiled.path)
        }
    }

    /// - Parameters:
    ///   - code: which instructions; the compiler's own choice unless told otherwise.
    public static func compile(
        _ source: FilePath,
        code: CodeChoice = .compilersOwn,
        flags: CompilerFlags = CompilerFlags()
    ) async throws -> CompiledObject {
        let settings = CompilerSettings(header: try await header("6.12"), code: code, flags: flags)
        return try await Compiler(cache: try TestKernels.store.compilerCache).compile(source, settings)
    }

    /// The types of a kernel.
    public static func header(_ line: String) async throws -> VmlinuxHeader {
        let store = try TestKernels.store
        let kernel = try await TestKernels.kernel(line)
        guard let btf = kernel.btf, let bpftool = try await BPFTool.locate() else { throw CompileError.noBPFTool }
        return try await VmlinuxHeader.generate(
            from: store.path(of: btf),
            origin: kernel.version,
            bpftool: (bpftool.path, bpftool.version),
            cache: store.compilerCache
        )
    }
}
