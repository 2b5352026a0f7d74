// SPDX-License-Identifier: Apache-2.0

import CGuest
import Glibc
import GuestProtocol

/// Which instructions this kernel's verifier, and its JIT where there is one, know: the smallest program with each.
enum InstructionProbe {
    static func report() -> TypeReport {
        var report = TypeReport(subject: .instructions, present: [], absent: [], notProbed: [])
        let program = ProbedProgram(BPF_PROG_TYPE_SOCKET_FILTER)
        let (options, obstacle) = program.start()
        for form in InstructionForm.allCases {
            guard obstacle == nil else {
                report.notProbed.append(form.rawValue)
                continue
            }
            let (errno, log) = program.load(instructions(with: form) + [.result(0), .exit], options)
            switch errno {
            case 0: report.present.append(form.rawValue)
            case EINVAL where !log.isEmpty, kernelNotSupported: report.absent.append(form.rawValue)
            default: report.notProbed.append(form.rawValue)
            }
        }
        return report
    }

    private static func instructions(with form: InstructionForm) -> [bpf_insn] {
        switch form {
        // r1 = atomic_fetch_add((u64 *)(r10 - 8), r1)
        case .atomicFetch: stackWord + [bpf_insn(0xdb, to: 10, from: 1, offset: -8, immediate: 0x01)]
        // r1 = *(s8 *)(r10 - 8)
        case .signExtendingLoad: stackWord + [bpf_insn(0x91, to: 1, from: 10, offset: -8)]
        // r1 = (s8)r1
        case .signExtendingMove: stackWord + [bpf_insn(0xbf, to: 1, from: 1, offset: 8)]
        // r1 s/= 2
        case .signedDivision: stackWord + [bpf_insn(0x37, to: 1, offset: 1, immediate: 2)]
        // r1 = bswap16 r1
        case .byteSwap: stackWord + [bpf_insn(0xd7, to: 1, immediate: 16)]
        // gotol +0
        case .longJump: [bpf_insn(0x06)]
        // may_goto +0
        case .mayGoto: [bpf_insn(0xe5)]
        // r1 = load_acquire((u64 *)(r10 - 8))
        case .loadAcquire: stackWord + [bpf_insn(0xdb, to: 1, from: 10, offset: -8, immediate: 0x100)]
        }
    }

    /// `r1 = 1; *(u64 *)(r10 - 8) = r1`
    private static let stackWord = [
        bpf_insn(0xb7, to: 1, immediate: 1), bpf_insn(0x7b, to: 10, from: 1, offset: -8),
    ]
}
