// SPDX-License-Identifier: Apache-2.0

import CGuest
import Glibc
import GuestProtocol

/// Which helpers the verifier lets one kind of program call.
///
/// As `libbpf_probe_bpf_helper` does it: a program that calls the helper without arguments and ends. A kernel that does not
/// know the helper, or refuses it to this kind of program, says so before it looks at arguments; every other answer, that the
/// arguments are wrong in most cases, comes later. Unlike libbpf's, it also tries kinds of programs that must name what
/// they are attached to, and keeps apart what is loaded with different attach types, on which some helpers depend.
struct HelperProbe {
    let program: ProbedProgram

    /// No kernel has as many helpers; the first number that it does not know ends the search long before.
    private static let mostHelpers: UInt32 = 1024

    /// Every program type that libbpf knows, some in more than one form.
    static var all: [HelperProbe] { ProbedProgram.all.map(HelperProbe.init) }

    func report() -> HelperReport {
        var report = HelperReport(of: program)
        // Programs of these types have no helpers of their own.
        switch program.type {
        case BPF_PROG_TYPE_EXT: report.obstacle = "its helpers are those of the program that it replaces a part of"
        case BPF_PROG_TYPE_STRUCT_OPS: report.obstacle = "its helpers depend on the structure that it is a part of"
        default: probe(&report)
        }
        return report
    }

    private func probe(_ report: inout HelperReport) {
        let (options, obstacle) = program.start()
        if let obstacle {
            report.obstacle = obstacle
            return
        }
        for helper in 1...Self.mostHelpers {
            switch answer(helper, options) {
            case .present: report.present.append(helper)
            case .absent: break
            case .unclear: report.notProbed.append(helper)
            case .beyondLast: return
            }
            report.last = helper
        }
    }

    private enum Answer {
        case present
        case absent
        /// The kernel has no such number, and so none above.
        case beyondLast
        case unclear
    }

    private func answer(_ helper: UInt32, _ options: bpf_prog_load_opts) -> Answer {
        let (errno, log) = program.load([bpf_insn(0x85, immediate: Int32(helper)), .exit], options)
        if errno == 0 { return .present }
        // What the verifier refuses, it says why; another refusal (no memory, no permission) says nothing of the helper.
        guard !log.isEmpty, [EINVAL, EACCES, kernelNotSupported].contains(errno) else { return .unclear }
        // check_helper_call() and check_get_func_ip() in kernel/bpf/verifier.c, in their wordings since 5.10.
        if log.contains("invalid func ") { return .beyondLast }
        let refusals = [
            "unknown func ", "program of this type cannot use helper ", "might sleep in a non-sleepable",
            "sleepable helper ",
            "supported only for ", "not supported for program type ",
        ]
        return refusals.contains { log.contains($0) } ? .absent : .present
    }
}

extension HelperReport {
    /// One that says nothing yet.
    init(of program: ProbedProgram) {
        self.init(
            programType: program.type.rawValue,
            attachType: program.attachType,
            isSleepable: program.isSleepable,
            obstacle: "",
            present: [],
            notProbed: [],
            last: 0
        )
    }
}
