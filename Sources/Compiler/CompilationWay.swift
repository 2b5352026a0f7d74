// SPDX-License-Identifier: Apache-2.0

/// What is tried with a source: the usual flags first, and others where it does not compile with them.
struct CompilationWay: Sendable, Hashable, Codable {
    var code: CodeChoice
    /// A `vmlinux.h` that was generated declares the kernel's kfuncs. Not at first: what a source declares itself would
    /// contradict that, or become weak by it.
    var hasPrototypes = false

    init(first settings: CompilerSettings, for clang: Clang.Abilities) {
        // Who names an instruction set wants exactly what the compiler makes of it.
        code = settings.flags.namedInstructionSet == nil ? settings.code : .compilersOwn
        // Older compilers need no help.
        if !clang.ordersAtomics { code.hasPlainAdds = false }
    }

    /// What to try after this; nil where nothing would help.
    func next(after diagnostics: String, _ settings: CompilerSettings) -> CompilationWay? {
        var next = self
        if canDeclareKfuncs(settings),
            CompilerAdvice.undeclaredFunctions(diagnostics).contains(where: {
                settings.header?.declaresKfunc($0) ?? false
            })
        {
            next.hasPrototypes = true
        } else if code.hasPlainAdds, diagnostics.contains("'void'") {
            // The value of one is used, of which clang says in one way or another that it is void.
            next.code.hasPlainAdds = false
        } else if code.instructionSet == .v1 || code.instructionSet == .v2,
            diagnostics.contains("Invalid usage of the XADD return value")
        {
            next.code.instructionSet = .v3
        }
        return next == self ? nil : next
    }

    /// Also where an old compiler does no more than warn of a function that nobody has declared.
    func isLacking(after warnings: String, _ settings: CompilerSettings) -> Bool {
        next(after: warnings, settings)?.hasPrototypes == true && !hasPrototypes
    }

    private static let guardName = "BPF_NO_KFUNC_PROTOTYPES"

    private func canDeclareKfuncs(_ settings: CompilerSettings) -> Bool {
        !hasPrototypes && settings.header?.isGenerated == true
            && !settings.flags.arguments.contains { $0.contains(Self.guardName) }
    }

    /// Flags for the kfuncs of a generated header. Defined as nothing, as sources define it that do so themselves.
    func prototypeFlags(_ settings: CompilerSettings) -> [String] {
        canDeclareKfuncs(settings) ? ["-D\(Self.guardName)="] : []
    }

    /// What the user should know where it is not the first way.
    func notes(of source: String, first: CompilationWay) -> [String] {
        guard code != first.code else { return [] }
        return [
            "\(source): uses the value of an atomic operation, which takes Linux 5.12: compiled without plain atomic adds"
        ]
    }
}
