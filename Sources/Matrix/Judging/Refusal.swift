// SPDX-License-Identifier: Apache-2.0

import Assumptions
import BPFObject
import CORE
import CompatibilityCheck
import GuestProtocol
import Results
import VerifierLog

/// A refusal with everything around it, so that it can be explained: the agent's reports, the object, and what is known of the
/// kernel.
struct Refusal {
    let object: TestObject
    let program: String
    /// Those that the kernel refused of the same object.
    let refusedMaps: [MapReport]
    /// What was set in the place of the object's loader.
    var assumptions: Assumptions = .none
    let kernel: KernelKnowledge

    /// Of a program that was refused; nil where it was accepted.
    func explanation(of report: ProgramReport, _ judgement: Judgement, log: VerifierLog) -> Explanation? {
        guard judgement.verdict != .accepted else { return nil }
        let linked = object.read.program(program)
        var program = facts(linked, type: report.type, log: log)
        program.assumption = assumptions.blame(for: report, log)
        program.kfuncDeclarations = program.unresolvedKfunc.flatMap { name in
            object.read.whole.flatMap { kernel.declarations(ofKfunc: name, in: $0) }
        }
        let evidence = Evidence(
            refusal: refusal(report, judgement),
            errno: judgement.errno ?? report.errno,
            log: log,
            isLogCut: log.isCut,
            warnings: Self.lines(judgement.map?.warnings ?? report.warnings),
            program: program,
            maps: maps,
            kernel: kernel.facts
        )
        let members = linked?.relocatedMembers ?? [:]
        var explanation = Explanation(of: evidence) { instruction in
            let place =
                members[instruction].flatMap { linked?.source(atInstruction: instruction, naming: $0) }
                ?? linked?.source(atInstruction: instruction)
            return place.map { ExplainedPlace($0) }
        }
        // Of a function as a whole the kernel has no instruction to name.
        if explanation.place == nil, let name = explanation.functionInWords,
            let function = linked?.contents.functions.first(where: { $0.name == name })
        {
            explanation.place = function.source(atInstruction: 0).map { ExplainedPlace($0) }
        }
        return explanation
    }

    /// Of a program that libbpf never came to; nil where nobody has refused anything.
    func explanation(of report: ObjectReport) -> Explanation? {
        let refusal: Evidence.Refusal
        switch report.stage {
        case .notOpened: refusal = .object
        case .notLoaded: refusal = .loader
        case .finished, .digestMismatch: return nil
        }
        return Explanation(
            of: Evidence(
                refusal: refusal,
                errno: report.errno,
                warnings: Self.lines(report.warnings),
                program: facts(object.read.program(program), type: nil),
                maps: maps,
                kernel: kernel.facts
            )
        )
    }

    private func refusal(_ report: ProgramReport, _ judgement: Judgement) -> Evidence.Refusal {
        if let map = judgement.map { return .map(facts(of: map)) }
        return report.stage == .loader ? .loader : .program
    }

    private static func lines(_ warnings: String) -> [String] {
        warnings.split(separator: "\n").map(String.init)
    }

    private func facts(_ linked: LinkedProgram?, type: UInt32?, log: VerifierLog? = nil) -> Evidence.ProgramFacts {
        let known = object.contents.programs.first { $0.name == program }
        var facts = Evidence.ProgramFacts(
            name: program,
            section: known?.section,
            type: type ?? known?.type?.number,
            license: object.contents.license ?? "",
            isSleepable: known?.definition?.isSleepable,
            instructionCount: linked?.layout.instructionCount,
            helpers: linked.map { Set($0.helperCalls.map(\.thing)) },
            // The agent is root.
            isPrivileged: true,
            unmatchedRelocation: log?.failure.flatMap { linked?.relocation(at: $0.index) },
            unresolvedKfunc: log?.failure.flatMap { linked?.kernelFunction(at: $0.index) }
        )
        facts.laterInstructions = linked?.laterInstructions(unknownTo: kernel.profile) ?? []
        facts.firstCallback = linked?.firstCallback
        facts.firstMalformed = linked?.firstMalformed
        facts.firstKfuncCall = linked?.kernelFunctionCalls.map(\.instruction).min()
        // Tables are compared after the verifier has had its say.
        if log?.statistics.instructions != nil { facts.sharedTables = sharedTables }
        if let linked, log != nil, let whole = object.read.whole {
            facts.mapComplaints = Evidence.Complaint.complaints(
                of: linked,
                using: whole.maps.map { assumptions.applied(to: $0) },
                on: kernel.checked
            )
        }
        facts.mapCount = linked.map { Set($0.mapUses.map(\.thing)).count }
        return facts
    }

    /// Tables of tail calls that the program shares with one of another kind.
    private var sharedTables: [Evidence.SharedTable] {
        object.read.tailCallTables.compactMap { table in
            guard let own = table.users.first(where: { $0.program == program }),
                let other = table.users.first(where: { !$0.differences(to: own).isEmpty })
            else { return nil }
            return Evidence.SharedTable(name: table.name, own: own, other: other)
        }
    }

    private var maps: [Evidence.MapFacts] {
        let declared = object.read.whole?.maps ?? []
        var facts = declared.map { map in
            Evidence.MapFacts(
                name: map.name,
                type: map.definition.type,
                maxEntries: map.definition.maxEntries,
                keySize: map.definition.keySize,
                valueSize: map.definition.valueSize,
                typeExists: kernel.hasMapType(map.definition.type),
                hasInnerMap: map.hasInnerMap,
                leastMemory: map.definition.leastMemory(entries: map.definition.maxEntries),
                innerKeySize: map.inner?.keySize
            )
        }
        for report in refusedMaps {
            facts.removeAll { $0.name == report.map }
            facts.append(self.facts(of: report))
        }
        return facts
    }

    private func facts(of report: MapReport) -> Evidence.MapFacts {
        let map = object.read.whole?.maps.first { $0.name == report.map }
        let definition = map?.definition
        var facts = Evidence.MapFacts(
            name: report.map,
            index: report.index,
            type: report.type,
            maxEntries: report.maxEntries,
            errno: report.errno,
            keySize: definition?.keySize,
            valueSize: definition?.valueSize,
            typeExists: kernel.hasMapType(report.type),
            hasInnerMap: map?.hasInnerMap,
            leastMemory: definition?.leastMemory(entries: report.maxEntries),
            innerKeySize: map?.inner?.keySize
        )
        if let map {
            let created = assumptions.applied(to: map)
            facts.complaint = Evidence.Complaint(of: created, object.read.whole?.types, on: kernel.checked)
        }
        return facts
    }
}

extension LinkedProgram {
    /// The kfunc that the instruction calls.
    fileprivate func kernelFunction(at instruction: Int) -> String? {
        kernelFunctionCalls.first { $0.instruction == instruction }?.thing.name
    }

    /// The members and enumerators that instructions have to do with, by CO-RE.
    fileprivate var relocatedMembers: [Int: String] {
        guard let types = contents.types else { return [:] }
        let names = relocations.compactMap { use -> (Int, String)? in
            let relocation = CORERelocation(use.thing.record, types: types)
            return (try? CORESpecification(relocation))?.lastName.map { (use.instruction, $0) }
        }
        return Dictionary(names) { first, _ in first }
    }

    /// What the instruction's CO-RE relocation asks the kernel for, as C has it: `struct task_struct.no_such_field`.
    fileprivate func relocation(at instruction: Int) -> String? {
        guard let types = contents.types, let relocation = relocations.first(where: { $0.instruction == instruction })
        else {
            return nil
        }
        // One that libbpf would not understand either has no spelling.
        return (try? CORESpecification(CORERelocation(relocation.thing.record, types: types)))?.text
    }
}

extension BPFMap {
    /// nil for maps that hold no maps.
    fileprivate var hasInnerMap: Bool? { definition.holdsMaps ? inner != nil : nil }
}
