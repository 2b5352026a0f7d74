// SPDX-License-Identifier: Apache-2.0

import BTF
import CORE
import ELF
import Instruction
import Testing

/// What this project's own code makes of an object's relocations, in the words of `AppliedRelocation`.
struct ObjectRelocations {
    private(set) var applied: [(place: RelocationPlace, relocation: AppliedRelocation, resolution: COREResolution)] = []

    init(_ object: [UInt8], target: CORETarget) throws {
        let file = try ELFFile(object)
        guard let typeSection = file.section(named: ".BTF"), let extensionSection = file.section(named: ".BTF.ext")
        else {
            return
        }
        let types = try BTFTypes(try file.contents(of: typeSection), indexed: false)
        let extensions = try BTFExtensions(try file.contents(of: extensionSection), types: types)
        let symbols = try file.symbols().filter { $0.kind == .function }
        var relocator = CORERelocator(types: types, target: target)
        for section in extensions.relocations {
            let code = try #require(file.section(named: section.name.text))
            let instructions = BPFInstruction.decode(try file.contents(of: code), order: file.byteOrder)
            for (number, record) in section.records.enumerated() {
                let offset = Int(record.instructionOffset)
                let program = try #require(
                    symbols.first {
                        $0.sectionIndex == code.index && ($0.value..<($0.value + $0.size)).contains(offset)
                    }
                )
                let resolution = relocator.resolve(record)
                let instruction = instructions[offset / 8]
                let second = offset / 8 + 1 < instructions.count ? instructions[offset / 8 + 1] : nil
                applied.append(
                    (
                        RelocationPlace(program: program.name, number: number),
                        Self.applied(resolution, to: instruction, second), resolution
                    )
                )
            }
        }
    }

    private static func applied(
        _ resolution: COREResolution,
        to instruction: BPFInstruction,
        _ second: BPFInstruction?
    ) -> AppliedRelocation {
        var applied = AppliedRelocation(
            local: resolution.local.map { AppliedRelocation.cut("\($0)") } ?? "?",
            match: resolution.target.map { AppliedRelocation.cut("\($0)") }
        )
        switch resolution.patch(instruction, followedBy: second) {
        case .patched(let patched, let patchedSecond):
            if let second, let patchedSecond {
                applied.change = [
                    "imm64 \(wide(instruction, second)) -> \(wide(patched, patchedSecond))"
                ]
            } else if [4, 7].contains(instruction.code & 7) {
                applied.change = ["imm \(unsigned(instruction.immediate)) -> \(printed(resolution))"]
            } else {
                applied.change = ["off \(unsigned(instruction.offset)) -> \(printed(resolution))"]
                if instruction.code != patched.code, case .value(let value) = resolution.outcome {
                    applied.change.append("mem_sz \(value.localSize) -> \(value.size)")
                }
            }
        case .poisoned: applied.change = ["poisoned"]
        case .refused: applied = AppliedRelocation(local: applied.local, change: ["refused"])
        case .undecided: applied.change = ["undecided"]
        }
        return applied
    }

    /// libbpf prints the whole value, of which the instruction may have room for half.
    private static func printed(_ resolution: COREResolution) -> String {
        guard case .value(let value) = resolution.outcome else { return "?" }
        return "\(value.value)"
    }

    private static func unsigned(_ value: some FixedWidthInteger) -> UInt64 { UInt64(bitPattern: Int64(value)) }

    private static func wide(_ first: BPFInstruction, _ second: BPFInstruction) -> UInt64 {
        UInt64(UInt32(bitPattern: second.immediate)) << 32 | UInt64(UInt32(bitPattern: first.immediate))
    }
}
