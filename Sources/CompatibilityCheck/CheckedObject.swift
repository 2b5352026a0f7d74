// SPDX-License-Identifier: Apache-2.0

import Assumptions
import BPFObject
import ELF
import Instruction

/// An object that kernels are asked about: read once, held against any number of them.
public struct CheckedObject: Sendable {
    public let contents: ObjectContents
    /// What is set in the place of the object's loader.
    public let assumptions: Assumptions
    /// As they are created under the assumptions.
    let maps: [BPFMap]
    let programs: [LinkedProgram]
    /// As the object has them, by program.
    let instructions: [[BPFInstruction]]
    /// Bytes of the maps of constants, by their place among the maps.
    let constants: [Int: [UInt8]]
    /// Maps that each program names, by their place among the maps, with the first instruction that does.
    let mapUses: [[LinkedProgram.Use<Int>]]
    /// Tables of tail calls that several programs use.
    let tables: [TailCallTable]

    /// - Parameter isAsCompiled: nothing is assumed of what the object leaves to its loader.
    public init(_ bytes: [UInt8], isAsCompiled: Bool = false) throws(BPFObjectError) {
        contents = try ObjectContents(bytes)
        let assumptions = isAsCompiled ? .none : Assumptions(of: contents)
        self.assumptions = assumptions
        maps = contents.maps.map { assumptions.applied(to: $0) }
        programs = try contents.linkedPrograms()
        instructions = programs.map(\.instructions)
        tables = contents.tailCallTables(programs)
        let mapCount = maps.count
        mapUses = programs.map { program in
            var seen: Set<Int> = []
            return program.mapUses.filter { $0.thing < mapCount && seen.insert($0.thing).inserted }
        }
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
            // Those that are left out ask for nothing.
            || contents.programs.contains { !$0.isOptional && $0.needsKernelTypes }
    }

    /// Of the licence: license_is_gpl_compatible() in include/linux/license.h.
    var isGPLCompatible: Bool {
        [
            "GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL",
        ].contains(contents.license ?? "")
    }
}

extension BPFProgram {
    /// Whether libbpf asks for the kernel's types on account of the program alone (`prog_needs_vmlinux_btf`). One that replaces
    /// a part of another program (`freplace`) needs that one's types.
    var needsKernelTypes: Bool { [.tracing, .lsm, .structOps].contains(type) }
}
