// SPDX-License-Identifier: Apache-2.0

import ELF

/// An entry point of an object.
public struct BPFProgram: Sendable, Hashable {
    /// The function's name.
    public let name: String
    /// The ELF section as it stands in the file: `kprobe/do_sys_openat2`.
    public let section: String
    /// What the section's name makes of it; nil where libbpf knows no such section.
    public let definition: SectionDefinition?
    /// What the program is for, where the section's name says it.
    public let target: AttachTarget?
    /// The object asks loaders to leave it out unless told otherwise: `SEC("?kprobe/…")`.
    public let isOptional: Bool

    /// nil where libbpf knows no such section.
    public var type: ProgramType? { definition?.type }

    /// As libbpf 1.7 finds them (`bpf_object__add_programs`, `prog_is_subprog`): functions in executable sections but
    /// those in `.text`, which are there to be called.
    static func programs(in file: ELFFile, symbols: [ELFSymbol]) -> [BPFProgram] {
        let functions = Dictionary(grouping: symbols.filter { $0.kind == .function }, by: \.sectionIndex)
        return file.sections.filter { $0.isExecutable && $0.name != BPFFunction.subprogramSection }.flatMap { section in
            functions[section.index, default: []]
                .sorted { $0.value < $1.value }
                .map { BPFProgram(name: $0.name, section: section.name) }
        }
    }

    init(name: String, section: String) {
        self.name = name
        self.section = section
        isOptional = section.hasPrefix("?")
        let bare = isOptional ? String(section.dropFirst()) : section
        definition = SectionDefinition.definition(of: bare)
        target = definition.flatMap { AttachTarget(bare, $0) }
    }
}
