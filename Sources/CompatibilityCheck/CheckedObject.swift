// SPDX-License-Identifier: Apache-2.0

import BPFObject
import ELF
import Instruction

/// An object that kernels are asked about: read once, held against any number of them.
public struct CheckedObject: Sendable {
    public let contents: ObjectContents
    let programs: [LinkedProgram]
    /// As the object has them, by program.
    let instructions: [[BPFInstruction]]
    /// Bytes of the maps of constants, by their place among the maps.
    let constants: [Int: [UInt8]]

    public init(_ bytes: [UInt8]) throws(BPFObjectError) {
        contents = try ObjectContents(bytes)
        programs = try contents.linkedPrograms()
        instructions = programs.map(\.instructions)
        var constants: [Int: [UInt8]] = [:]
        if let file = try? ELFFile(bytes) {
            for (index, map) in contents.maps.enumerated() where map.origin == .data && map.name.hasPrefix(".rodata") {
                guard let section = file.section(named: map.name), let bytes = try? file.contents(of: section) else {
                    continue
                }
                constants[index] = Array(bytes)
            }
        }
        self.constants = constants
    }

    /// Whether libbpf asks for the kernel's types before it loads anything of the object (`obj_needs_vmlinux_btf`).
    var needsKernelTypes: Bool {
        contents.functions.contains { !$0.relocations.isEmpty }
            || contents.externs.contains { $0.kind == .typedVariable || $0.kind == .function }
            || contents.maps.contains { $0.origin == .structOps }
            || contents.programs.contains { $0.definition?.attachesByTypes == true || $0.type == .structOps }
    }

    /// Of the licence: license_is_gpl_compatible() in include/linux/license.h.
    var isGPLCompatible: Bool {
        [
            "GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL",
        ].contains(contents.license ?? "")
    }
}
