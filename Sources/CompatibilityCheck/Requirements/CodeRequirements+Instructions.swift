// SPDX-License-Identifier: Apache-2.0

import BPFObject
import Instruction
import KernelProfile
import VerifierLog

/// Which instructions the kernel knows, and where it looks at them.
extension CodeRequirements {
    /// Some are refused wherever they stand.
    func checkInstructions(_ findings: inout Findings) {
        for (place, instruction) in relocated.code.instructions.enumerated() {
            if isSecondHalf(place) { continue }
            checkOpcode(instruction, at: place, &findings)
            guard let form = instruction.laterForm, form.isCheckedEverywhere(instruction, in: kernel) else { continue }
            let source = program.source(atInstruction: place)
            switch kernel.profile?.instruction(form) ?? .notKnown {
            case .present: break
            case .absent:
                findings.fails(
                    Reason(
                        .instructionUnknown,
                        "this kernel does not know \(form.words)",
                        at: source,
                        cure: form.cure(of: instruction)
                    )
                )
                return
            case .notKnown:
                findings.cannotTell(
                    Reason(.instructionUnknown, "it is not known whether this kernel knows \(form.words)", at: source)
                )
                return
            }
        }
    }

    var instructionObstacles: [Obstacle] {
        relocated.code.instructions.enumerated().compactMap { place, instruction in
            guard !isSecondHalf(place), let form = instruction.laterForm,
                !form.isCheckedEverywhere(instruction, in: kernel)
            else { return nil }
            switch kernel.profile?.instruction(form) ?? .notKnown {
            case .present: return nil
            case .absent:
                return Obstacle(
                    instruction: place,
                    code: .instructionUnknown,
                    sentence: "this kernel does not know \(form.words)",
                    cure: form.cure(of: instruction)
                )
            case .notKnown:
                return Obstacle(
                    instruction: place,
                    code: .instructionUnknown,
                    sentence: "it is not known whether this kernel knows \(form.words)",
                    isKnown: false
                )
            }
        }
    }

    /// The second half of a wide load is no instruction.
    private func isSecondHalf(_ place: Int) -> Bool {
        place > 0 && relocated.code.instructions[place - 1].isWideLoad
    }

    /// Whatever it was, libbpf has put a call there; of what is not decided, nothing is known.
    private func isReplaced(_ place: Int) -> Bool {
        relocated.poisoned[place] != nil || relocated.undecided[place] != nil
    }

    /// What kernels refuse before they follow the program.
    private func checkOpcode(_ instruction: BPFInstruction, at place: Int, _ findings: inout Findings) {
        guard !isReplaced(place) else { return }
        let opcode = "an instruction with opcode 0x\(String(instruction.code, radix: 16))"
        let sentence: String
        let isRefused: Bool
        switch instruction.malformation {
        case .opcode:
            sentence = opcode
            isRefused = kernel.isAtMost(7, 2)
        case .indirectJump:
            sentence = "a jump to where a register says (opcode 0x0d)"
            // It came after them.
            isRefused = kernel.profile?.instruction(.loadAcquire) == .absent
        case .loadFields:
            sentence = "a load with fields that mean nothing"
            isRefused = kernel.isAtMost(7, 2)
        case nil, .fields, .register: return
        }
        let source = program.source(atInstruction: place)
        if isRefused {
            findings.fails(Reason(.instructionUnknown, "this kernel does not know \(sentence)", at: source))
        } else {
            findings.cannotTell(
                Reason(.instructionUnknown, "it is not known whether this kernel takes \(sentence)", at: source)
            )
        }
    }

    /// What is refused where the verifier comes to it, and in some kernels wherever it stands.
    func malformations(_ findings: inout Findings) -> [Obstacle] {
        relocated.code.instructions.indices.compactMap { place in
            guard !isSecondHalf(place), !isReplaced(place) else { return nil }
            let instruction = relocated.code.instructions[place]
            let source = program.source(atInstruction: place)
            switch instruction.malformation {
            case nil, .opcode, .indirectJump, .loadFields: return nil
            case .register(let register):
                let sentence = "register r\(register) does not exist"
                if !kernel.isAtMost(6, 12) {
                    findings.cannotTell(
                        Reason(
                            .instructionUnknown,
                            "\(sentence): it is not known whether this kernel looks where nothing leads",
                            at: source
                        )
                    )
                }
                return Obstacle(instruction: place, code: .instructionUnknown, sentence: sentence)
            case .fields:
                let code = String(instruction.code, radix: 16)
                findings.cannotTell(
                    Reason(
                        .instructionUnknown,
                        "it is not known whether this kernel knows such an instruction (opcode 0x\(code))",
                        at: source
                    )
                )
                return nil
            }
        }
    }
}
