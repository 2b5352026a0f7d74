// SPDX-License-Identifier: Apache-2.0

import ELF

/// An entry point of an object.
public struct BPFProgram: Sendable, Hashable {
    /// The function's name.
    public let name: String
    /// The ELF section as it stands in the file: `kprobe/do_sys_openat2`.
    public let section: String
    /// What the section's name makes of it; nil where libbpf knows no such section.
    public let type: ProgramType?
    /// The object asks loaders to leave it out unless told otherwise: `SEC("?kprobe/…")`.
    public let isOptional: Bool

    /// As libbpf finds them (`bpf_object__add_programs`): functions in executable sections, those in `.text` only where
    /// there are no others.
    static func programs(in file: ELFFile, symbols: [ELFSymbol]) -> [BPFProgram] {
        let functions = Dictionary(grouping: symbols.filter { $0.kind == .function }, by: \.sectionIndex)
        let programs = file.sections.filter(\.isExecutable).flatMap { section in
            functions[section.index, default: []]
                .sorted { $0.value < $1.value }
                .map { BPFProgram(name: $0.name, section: section.name) }
        }
        let entryPoints = programs.filter { $0.section != ".text" }
        return entryPoints.isEmpty && programs.count == 1 ? programs : entryPoints
    }

    init(name: String, section: String) {
        self.name = name
        self.section = section
        isOptional = section.hasPrefix("?")
        type = ProgramType(section: isOptional ? String(section.dropFirst()) : section)
    }
}
