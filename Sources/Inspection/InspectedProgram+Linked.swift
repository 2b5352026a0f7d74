// SPDX-License-Identifier: Apache-2.0

import BPFObject
import BTF
import CORE

extension InspectedProgram {
    init(_ linked: LinkedProgram) {
        let program = linked.program
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
            functions: zip(linked.layout.parts, linked.functions).map { part, function in
                Function(
                    name: function.name,
                    start: part.start,
                    instructions: function.instructions.count,
                    isGlobal: function.isGlobal
                )
            },
            helpers: Self.callees(linked.helperCalls, in: linked) { number in
                let name = HelperName.isKnown(number) ? "bpf_\(HelperName.name(number))" : HelperName.name(number)
                return Callee(name: name, number: number, isWeak: nil, uses: [])
            },
            kernelFunctions: Self.callees(linked.kernelFunctionCalls, in: linked) { extern in
                Callee(name: extern.name, number: nil, isWeak: extern.isWeak, uses: [])
            },
            externs: Self.callees(linked.externVariables, in: linked) { extern in
                Callee(name: extern.name, number: nil, isWeak: extern.isWeak, uses: [])
            },
            maps: linked.contents.maps.indices.filter(maps.contains).map { linked.contents.maps[$0].name },
            relocations: linked.relocations.map { use in
                Relocation(use.thing.record, Place(use.instruction, in: linked), types: linked.contents.types)
            }
        )
    }

    /// Each thing once, where it is first used, with all of its uses.
    private static func callees<Thing: Hashable>(
        _ uses: [LinkedProgram.Use<Thing>],
        in linked: LinkedProgram,
        _ callee: (Thing) -> Callee
    ) -> [Callee] {
        var order: [Thing] = []
        var places: [Thing: [Place]] = [:]
        for use in uses {
            if places[use.thing] == nil { order.append(use.thing) }
            places[use.thing, default: []].append(Place(use.instruction, in: linked))
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
}

extension InspectedProgram.Target {
    init(_ target: AttachTarget) {
        var offset: Int?
        var module: String?
        let kind: String
        switch target {
        case .probedFunction(_, let bytes):
            kind = "kprobe"
            offset = bytes == 0 ? nil : bytes
        case .functionPattern: kind = "pattern"
        case .tracedFunction(_, let name):
            kind = "function"
            module = name
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
            module: module,
            required: target.requiredType?.name
        )
    }
}

extension InspectedProgram.Relocation {
    init(_ record: BTFExtensions.RelocationRecord, _ place: InspectedProgram.Place, types: BTFTypes?) {
        let access = record.access.text
        let kind = CORERelocationKind(rawValue: record.kind)
        let root = types.map { $0.spelling(of: record.type) } ?? "type \(record.type)"
        var text = "\(root) (\(access))"
        if let types, let specification = try? CORESpecification(CORERelocation(record, types: types)) {
            text = specification.text
        }
        self.init(kind: kind?.word ?? "kind \(record.kind)", text: text, access: access, place: place)
    }
}
