// SPDX-License-Identifier: Apache-2.0

import BPFObject
import BTF

/// A program with what libbpf puts into its instructions for one kernel.
struct RelocatedProgram {
    private(set) var code: RelocatedCode
    /// What CO-RE has not found, by instruction, and why.
    private(set) var poisoned: [Int: Reason] = [:]
    /// The members that poisoned instructions have to do with.
    private(set) var members: [Int: String] = [:]
    /// Of what it is not known what CO-RE finds.
    private(set) var undecided: [Int: String] = [:]

    /// Bytes kept for each value of the kernel's configuration.
    private static let switchBytes = 256

    init(_ object: CheckedObject, _ index: Int, _ kernel: CheckedKernel, _ relocations: RelocatedFunctions) {
        let program = object.programs[index]
        let starts = Dictionary(program.layout.parts.map { ($0.function, $0.start) }) { first, _ in first }
        code = RelocatedCode(
            instructions: object.instructions[index],
            functionStarts: program.layout.parts.map(\.start),
            globalFunctions: Set(
                program.layout.parts.dropFirst().filter { object.contents.functions[$0.function].isGlobal }.map(\.start)
            )
        )
        code.context = Self.context(of: program.program)
        // These came with 6.6.
        code.looksAtAllGlobalFunctions = kernel.profile?.instruction(.byteSwap) == .absent
        var regions: [Int: Int] = [:]
        var configuration = ConstantRegion(bytes: [])
        // What an extern comes to is looked up once, however often it is read.
        var externs: [Int: KnownValue] = [:]
        for part in program.layout.parts {
            let function = object.contents.functions[part.function]
            for reference in function.references {
                let place = part.start + reference.instruction
                switch reference.target {
                case .call(let callee), .functionAddress(let callee): code.callees[place] = starts[callee]
                case .data(let map, let offset):
                    guard let bytes = object.constants[map] else {
                        let isNumbers = object.contents.maps[map].origin == .data
                        code.loads[place] = isNumbers ? .memory : .unknown
                        continue
                    }
                    let region = regions[map] ?? code.constants.count
                    if regions[map] == nil {
                        regions[map] = region
                        code.constants.append(ConstantRegion(bytes: bytes))
                    }
                    code.loads[place] = .constants(region: region, offset: Int64(offset))
                case .externVariable(let extern):
                    let value = externs[extern] ?? Self.value(of: extern, object, kernel, &configuration)
                    externs[extern] = value
                    code.loads[place] = value
                case .map, .arena, .jumpTable: code.loads[place] = .unknown
                case .kernelFunction(let extern):
                    if object.contents.externs[extern].essentialName == "bpf_throw" { code.mayEnd.insert(place) }
                }
            }
            guard relocations.results.indices.contains(part.function) else { continue }
            for (instruction, result) in relocations.results[part.function] {
                apply(result, at: part.start + instruction)
            }
        }
        if !configuration.bytes.isEmpty {
            let region = code.constants.count
            code.constants.append(configuration)
            for (place, value) in code.loads {
                guard case .constants(Self.configurationRegion, let offset) = value else { continue }
                code.loads[place] = .constants(region: region, offset: offset)
            }
        }
    }

    private mutating func apply(_ result: RelocatedFunctions.Result, at place: Int) {
        guard code.instructions.indices.contains(place) else { return }
        switch result {
        case .patched(let instruction, let second):
            code.instructions[place] = instruction
            if let second, place + 1 < code.instructions.count { code.instructions[place + 1] = second }
        case .poisoned(let reason, let member):
            poisoned[place] = reason
            members[place] = member
            code.ends.insert(place)
        case .notKnown(let what):
            undecided[place] = what
            // Whatever it is, its value is not known.
            if code.instructions[place].isWideLoad {
                code.loads[place] = .unknown
            } else if [.alu32, .alu64].contains(code.instructions[place].instructionClass) {
                code.instructions[place].code |= 0x08
                code.instructions[place].source = 15
            }
        }
    }

    /// Stands for the region that is made last.
    private static let configurationRegion = -1

    private static func value(
        of index: Int,
        _ object: CheckedObject,
        _ kernel: CheckedKernel,
        _ configuration: inout ConstantRegion
    ) -> KnownValue {
        let extern = object.contents.externs[index]
        switch extern.kind {
        case .kernelConfiguration(let kind):
            let start = configuration.bytes.count
            switch KernelSwitch(extern, as: kind, of: object.contents, in: kernel) {
            case .value(let bytes):
                configuration.bytes += (bytes + [UInt8](repeating: 0, count: switchBytes)).prefix(switchBytes)
                if bytes.count > switchBytes { configuration.unknown.append(start..<start + switchBytes) }
            case .unset: configuration.bytes += [UInt8](repeating: 0, count: switchBytes)
            case .unfit, .notKnown:
                configuration.bytes += [UInt8](repeating: 0, count: switchBytes)
                configuration.unknown.append(start..<start + switchBytes)
            }
            return .constants(region: configurationRegion, offset: Int64(start))
        case .typedVariable, .function:
            guard kernel.knownTypes != nil, extern.isWeak else { return .unknown }
            switch kernel.finding(of: extern, in: object.contents) {
            case .absent, .otherType: return .constant(0)
            case .present, .module, .notKnown: return .unknown
            }
        case .symbol: return kernel.profile?.function(extern.essentialName) == nil ? .unknown : .nonZero
        }
    }

    /// Of registers and of raw tracepoints' arguments the verifier knows nothing, of trace events' fields neither.
    private static func context(of program: BPFProgram) -> RelocatedCode.ContextKind {
        switch program.type {
        case .kprobe, .rawTracepoint, .tracepoint: .numbers
        default: .other
        }
    }
}
