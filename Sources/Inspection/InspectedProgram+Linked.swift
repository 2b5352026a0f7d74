// SPDX-License-Identifier: Apache-2.0

import BPFObject
import BTF
import CORE

extension InspectedProgram {
    init(_ linked: LinkedProgram, _ budget: inout UseBudget) {
        let program = linked.program
        let before = budget.leftOut
        let maps = Set(linked.mapUses.map(\.thing))
        self.init(
            name: program.name,
            section: program.section,
            type: program.type?.rawValue,
            attachType: program.definition?.attachType.map(AttachType.name),
            target: program.target.map(Target.init),
            isOptional: program.isOptional,
            isSleepable: program.definition?.isSleepable ?? false,
            instructions: linked.layout.instructionCount,
            functions: linked.layout.parts.compactMap { part in
                let function = linked.contents.functions[part.function]
                guard budget.takes(function.name) else { return nil }
                return Function(
                    name: function.name,
                    start: part.start,
                    instructions: function.instructions.count,
                    isGlobal: function.isGlobal
                )
            },
            helpers: Self.callees(linked.helperCalls, in: linked, &budget) { number in
                let name = HelperName.isKnown(number) ? "bpf_\(HelperName.name(number))" : HelperName.name(number)
                return Callee(name: name, number: number, isWeak: nil, uses: [])
            },
            kernelFunctions: Self.callees(linked.kernelFunctionCalls, in: linked, &budget) { extern in
                Callee(name: extern.name, number: nil, isWeak: extern.isWeak, uses: [])
            },
            externs: Self.callees(linked.externVariables, in: linked, &budget) { extern in
                Callee(name: extern.name, number: nil, isWeak: extern.isWeak, uses: [])
            },
            maps: maps.sorted().map { linked.contents.maps[$0].name }.filter { budget.takes($0) },
            relocations: linked.relocations.compactMap { use in
                budget.relocation(use.thing.record, at: use.instruction, in: linked)
            },
            leftOut: nil
        )
        let rest = budget.leftOut - before
        leftOut = rest == 0 ? nil : rest
    }

    /// Each thing once, where it is first used, with all of its uses.
    private static func callees<Thing: Hashable>(
        _ uses: [LinkedProgram.Use<Thing>],
        in linked: LinkedProgram,
        _ budget: inout UseBudget,
        _ callee: (Thing) -> Callee
    ) -> [Callee] {
        var order: [Thing] = []
        var places: [Thing: [Place]] = [:]
        for use in uses {
            guard let place = budget.place(of: use.instruction, in: linked) else { continue }
            if places[use.thing] == nil { order.append(use.thing) }
            places[use.thing, default: []].append(place)
        }
        return order.map { thing in
            let callee = callee(thing)
            return Callee(
                name: callee.name,
                number: callee.number,
                isWeak: callee.isWeak,
                uses: places[thing] ?? []
            )
        }
    }
}

extension InspectedProgram.Place {
    init(_ instruction: Int, in linked: LinkedProgram) {
        let source = linked.source(atInstruction: instruction)
        self.init(
            instruction: instruction,
            function: linked.function(atInstruction: instruction)?.function.name ?? linked.program.name,
            file: source?.file,
            line: source?.line,
            column: source.flatMap { $0.column == 0 ? nil : $0.column },
            text: source.flatMap { $0.text.isEmpty ? nil : $0.text }
        )
    }

    /// The same place in another program.
    func numbered(_ instruction: Int) -> Self {
        Self(instruction: instruction, function: function, file: file, line: line, column: column, text: text)
    }
}

extension InspectedProgram.Target {
    init(_ target: AttachTarget) {
        var offset: Int?
        let kind: String
        switch target {
        case .probedFunction(_, let bytes):
            kind = "kprobe"
            offset = bytes == 0 ? nil : bytes
        case .functionPattern: kind = "pattern"
        case .tracedFunction: kind = "function"
        case .tracepoint: kind = "tracepoint"
        case .rawTracepoint: kind = "rawTracepoint"
        case .typedTracepoint: kind = "typedTracepoint"
        case .securityHook: kind = "lsm"
        case .iterator: kind = "iterator"
        case .systemCall: kind = "syscall"
        case .userFunction: kind = "user"
        case .programFunction: kind = "program"
        }
        self.init(
            kind: kind,
            name: target.name,
            offset: offset,
            module: target.module,
            required: target.requiredType?.name
        )
    }
}

extension InspectedProgram.Relocation {
    /// As C has it, as far as the path leads somewhere.
    static func text(of record: BTFExtensions.RelocationRecord, types: BTFTypes?) -> String {
        guard let types else { return "type \(record.type) (\(record.access.text))" }
        if let specification = try? CORESpecification(CORERelocation(record, types: types)) {
            return specification.text
        }
        return "\(types.spelling(of: record.type)) (\(record.access.text))"
    }
}
