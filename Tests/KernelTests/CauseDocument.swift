// SPDX-License-Identifier: Apache-2.0

import Results
import TestKernels
import VerifierLog

/// docs/causes.md: what each code means, what shows it, what kernels said, what to do.
struct CauseDocument {
    let programs: [CauseProgram]
    let results: MatrixResults
    let cured: [CuredProgram]

    /// Codes that no program of Tests/Causes can show, and what does.
    static let shownElsewhere: [CauseCode: String] = [
        .kernelWithoutTypes: "`ForeignTypesTests`, which hides a kernel's types from the guest",
        .mapMissing: "`CauseTests`, by libbpf's words: the agent says which map was refused instead",
        .pointerLeak: "`CauseTests`, by the words: guests load as root",
        .permission: "`FactCauseTests`, by the errno: guests load as root",
        .refusedUnseen: "`FactCauseTests`, by the errno: every known type of program has its line",
        .notCompiled: "`FailedInputTests`, without a kernel",
        .notAnObject: "`FailedInputTests`, without a kernel",
        .foreignByteOrder: "`FailedInputTests`, without a kernel",
        .unknown: "`CauseTests`",
    ]

    var text: String {
        var parts = [opening]
        for (kind, title) in Self.kinds {
            let codes = CauseCode.allCases.filter { $0.kind == kind }
            guard !codes.isEmpty else { continue }
            parts.append("## \(title)\n")
            parts += codes.map(section)
        }
        return parts.joined(separator: "\n")
    }

    private var opening: String {
        """
        # Causes

        Why programs are refused. Each red cell has one of these codes (`explanation.code` in the results); they do not change.
        What kernels said is what they said to the programs in [Tests/Causes](../Tests/Causes), on \(kernels).
        After a cure stands a program in [Tests/Cures](../Tests/Cures) in which it is applied, and which at least four of these kernels accept.
        Written by `make causes`; a test fails when a kernel says something else. The rules are in `Sources/VerifierLog/Causes`, one theme a file.

        A rule is keyed on whole lines of the kernel's or libbpf's words, or on an errno with facts of program, map and kernel. What none
        knows is `unknown`, and shown as it is. "Since" is upstream's line; vendors carry things back.

        """
    }

    private var kernels: String {
        let names = results.kernels.map { "Linux \($0.version)" }
        guard let last = names.last else { return "no kernel" }
        return names.dropLast().joined(separator: ", ") + " and " + last
    }

    private static let kinds: [(CauseKind, String)] = [
        (.verifier, "The verifier can't prove the program safe"),
        (.relocation, "A relocation found nothing (`relocation`)"),
        (.target, "What to attach to (`target`)"),
        (.module, "In a module (`module`)"),
        (.lacking, "The kernel lacks it (`lacking`)"),
        (.configuration, "The kernel was built without (`configuration`)"),
        (.noTypes, "No types in the kernel (`no-types`)"),
        (.loaderContract, "Left to the object's own loader (`loader-contract`)"),
        (.limit, "Limits (`limit`)"),
        (.object, "The object itself (`object`)"),
        (.unknown, "Unknown (`unknown`)"),
    ]

    private func section(_ code: CauseCode) -> String {
        var lines = ["### `\(code.rawValue)`", "", code.meaning, ""]
        if let elsewhere = Self.shownElsewhere[code] { lines += ["Shown by \(elsewhere).", ""] }
        let shown = programs.filter { $0.expected.values.contains(.some(code)) }
        guard !shown.isEmpty else { return lines.joined(separator: "\n") }
        lines += ["| program | kernels | said |", "| --- | --- | --- |"]
        var accounts: [String] = []
        for program in shown {
            for (said, kernels) in words(of: program, code) {
                lines.append(
                    "| `\(program.name)` in [\(program.file)](../\(CauseProgram.folder)/\(program.file)) | \(kernels) | \(said) |"
                )
            }
            for account in self.accounts(of: program, code) where !accounts.contains(account) {
                accounts.append(account)
            }
        }
        return (lines + [""] + accounts.map { "- \($0)" } + [""]).joined(separator: "\n")
    }

    private func cells(_ program: CauseProgram, _ code: CauseCode) -> [Cell] {
        results.cells.filter { cell in
            cell.program == program.name && cell.object == program.file.replacing(".c", with: ".bpf.o")
                && cell.explanation?.code == code
        }
    }

    /// What was said, and by which kernels, those that said the same together.
    private func words(of program: CauseProgram, _ code: CauseCode) -> [(said: String, kernels: String)] {
        var groups: [(said: String, kernels: [String])] = []
        for cell in cells(program, code) {
            let said = Self.said(cell)
            if let index = groups.firstIndex(where: { $0.said == said }) {
                groups[index].kernels.append(cell.kernel)
            } else {
                groups.append((said, [cell.kernel]))
            }
        }
        return groups.map { ($0.said, $0.kernels.joined(separator: ", ")) }
    }

    /// A document without what changes with a build of a kernel or compiler: the numbers of types and kfuncs, where an instruction
    /// or a field of a large structure stands, the last number of a kernel's version; and without the memory of a larger guest, which is
    /// what the machine has free.
    static func lasting(_ document: String) -> String {
        document
            .replacing(#/\[\d+\]/#, with: "[#]")
            .replacing(#/#\d{5,}/#, with: "##")
            .replacing(#/(insn[ =]|attach_btf_id |type id )\d+/#) { "\($0.1)#" }
            .replacing(#/(back-edge from insn # to )\d+/#) { "\($0.1)#" }
            .replacing(#/(moff |with off |at offset )\d{4,}/#) { "\($0.1)#" }
            .replacing(#/verification time \d+ usec/#, with: "")
            .replacing(#/(the guest that was asked has )\d+/#) { "\($0.1)#" }
            .replacing(#/(Linux \d+\.\d+)\.\d+/#) { "\($0.1)" }
    }

    private static let mostLines = 2

    private static func said(_ cell: Cell) -> String {
        let words = (cell.explanation?.words ?? []).filter { line in
            !["cur state:", "old state:", "libbpf: failed to load object"].contains { line.hasPrefix($0) }
        }
        guard !words.isEmpty else { return "nothing (errno \(cell.errno ?? 0))" }
        return words.prefix(mostLines).map { "`\($0.replacing("|", with: "\\|"))`" }.joined(separator: "<br>")
    }

    /// What bpfmatrix makes of the newest kernel's words: sentence, cure, since; and who shows that the cure helps.
    private func accounts(of program: CauseProgram, _ code: CauseCode) -> [String] {
        cells(program, code).suffix(1).compactMap(\.explanation).map { explanation in
            let cure = explanation.cure.map { " → \($0)" } ?? ""
            let since = explanation.since.map { " (since \($0))" } ?? ""
            let applied = explanation.cure.flatMap { proof(of: $0, for: program) }
            let shown = applied.map { " (applied in \(Self.link($0)))" } ?? ""
            return Self.literal("\(explanation.sentence)\(cure)\(since)") + shown
        }
    }

    // MARK: Cures

    /// Cures that no change of the program applies, by what their words begin with: no program can show that they help.
    private static let outsideProgram = [
        // Another kernel.
        "a kernel that was built with ", "a kernel of ",
        // The loader's part: which of an object's programs and maps it loads, where.
        "load the program only where the kernel ", "load it only where the kernel has it",
        "create the map only where the kernel has the type",
        "the loader calls bpf_program__set_attach_target() with that program",
        // What is written in assembly, of which no kernel knows the meaning.
        "look at the assembly in the source", "compile with -mcpu=v3, since kernels before 6.6",
    ]

    /// Cures of the document that no program of Tests/Cures applies.
    var unproven: [String] {
        programs.flatMap { program in
            results.cells.filter {
                $0.program == program.name && $0.object == program.file.replacing(".c", with: ".bpf.o")
            }
            .compactMap(\.explanation).compactMap { explanation -> String? in
                guard let cure = explanation.cure, proof(of: cure, for: program) == nil,
                    !Self.outsideProgram.contains(where: cure.hasPrefix)
                else { return nil }
                return "\(explanation.code.rawValue) \(program.name): \(cure)"
            }
        }
    }

    /// The program that cures the refused one; or else one that cures another with the very same words.
    private func proof(of cure: String, for program: CauseProgram) -> CuredProgram? {
        let alike = refusedWith[cure] ?? []
        return cured.first { $0.refused.contains(program.name) }
            ?? cured.first { $0.refused.contains(where: alike.contains) }
    }

    /// Names of the programs that are refused with a cure, by its words.
    private var refusedWith: [String: Set<String>] {
        var names: [String: Set<String>] = [:]
        for cell in results.cells {
            if let cure = cell.explanation?.cure { names[cure, default: []].insert(cell.program) }
        }
        return names
    }

    private static func link(_ program: CuredProgram) -> String {
        "[\(program.name)](../\(CuredProgram.folder)/\(program.file))"
    }

    /// Names with underscores and pointers' stars are no emphasis.
    private static func literal(_ text: String) -> String {
        text.replacing("<", with: "&lt;").replacing("*", with: "\\*").replacing("_", with: "\\_")
    }
}
