// SPDX-License-Identifier: Apache-2.0

import Compiler
import Results
import SystemPackage
import VerifierLog

extension Compilation {
    /// How the objects of a run were compiled; nil where there are none. One that needed other flags than the rest has a note of
    /// its own.
    init?(of objects: [CompiledObject], by compiler: Compiler, _ settings: CompilerSettings) {
        let usual = objects.filter(\.notes.isEmpty)
        guard let first = usual.first ?? objects.first else { return nil }
        let shared = usual.map { Set($0.flags) }.reduce(Set(first.flags)) { $0.intersection($1) }
        let origins = objects.compactMap { object in
            object.vmlinux.map { settings.header?.isRead(as: $0) == true ? settings.header?.origin ?? "" : $0.string }
        }
        self.init(
            compiler: compiler.clang.name,
            vmlinux: origins.first,
            mcpu: first.instructionSet,
            flags: first.flags.filter(shared.contains)
        )
    }
}

extension CompiledObject {
    /// The `vmlinux.h` that the compiler read; nil where the source needs none.
    var vmlinux: FilePath? { inputs.first { $0.lastComponent?.string == "vmlinux.h" } }
}

extension CompileError {
    /// What the compiler said of a source; nil where something else is wrong.
    var rejection: Rejection? {
        guard case .rejected(let rejection) = self else { return nil }
        return rejection
    }
}

extension ObjectFailure {
    /// nil where the error is not about one source.
    init?(_ error: CompileError) {
        switch error {
        case .rejected(let rejection): self.init(rejection)
        case .timedOut(_, let limit):
            self.init(
                code: .notCompiled,
                sentence: "the compiler did not end within \(limit.components.seconds) s",
                cure: "give it longer with --program-timeout"
            )
        case .noCompiler, .noTypeInformation, .noBPFTool, .noHeader, .toolFailed, .storage: return nil
        }
    }

    private init(_ rejection: CompileError.Rejection) {
        let error = CompilerDiagnostics(rejection.diagnostics).firstError
        let lines = rejection.diagnostics.split(separator: "\n")
        let text = error?.text ?? lines.last.map(String.init) ?? "the compiler gave no reason"
        self.init(
            code: .notCompiled,
            sentence: "it does not compile: \(text)",
            cure: rejection.advice,
            place: error.flatMap { error in
                error.file.map {
                    ExplainedPlace(file: $0, line: error.line, column: error.column, text: error.sourceLine ?? "")
                }
            },
            output: rejection.output
        )
    }
}
