// SPDX-License-Identifier: Apache-2.0

import CGuest
import Glibc
import GuestProtocol
import LoaderContract

/// One run of `bpf_object__load()` in which every program gets its turn.
///
/// It stands where libbpf calls `bpf_prog_load()`: the very instructions and options that libbpf hands over go to the
/// kernel, what the kernel says is reported, and where it refuses, libbpf is handed a stand-in so that it goes on to
/// the next program.
final class KernelLoad {
    struct Outcome {
        /// Positive errno of `bpf_object__load()`; 0 where it succeeded, stand-ins included.
        var errno: Int32 = 0
        var reported: Set<String> = []
        /// A program was refused, and libbpf went on with a stand-in for it.
        var usedStandIn = false
        /// The host could not be told; nothing is worth doing after that.
        var portFailure: AgentError?
    }

    /// What the hook needs to know of the run that it is called from.
    private struct Run {
        let object: OpenedObject
        /// Programs whose turn it is. libbpf also loads those that a struct_ops map refers to, switched off or not.
        let selected: Set<String>
        let request: LoadRequest
        let messages: LoaderMessages
        let port: HostPort
        var outcome = Outcome()
    }

    private var current: Run?
    private var standIn: Int32 = -1
    private var logs = LogBuffer()

    func run(
        _ object: OpenedObject,
        programs selected: Set<String>,
        request: LoadRequest,
        messages: LoaderMessages,
        port: HostPort
    ) -> Outcome {
        current = Run(object: object, selected: selected, request: request, messages: messages, port: port)
        defer { current = nil }
        guest_intercept_loads(
            { context, type, name, license, instructions, count, options in
                guard let context, let options else { return -EINVAL }
                return Unmanaged<KernelLoad>.fromOpaque(context).takeUnretainedValue()
                    .load(Attempt(type, name, license, instructions, count, options.pointee))
            },
            Unmanaged.passUnretained(self).toOpaque()
        )
        let result = bpf_object__load(object.handle)
        guest_intercept_loads(nil, nil)
        var outcome = current?.outcome ?? Outcome()
        outcome.errno = result < 0 ? -result : 0
        return outcome
    }

    private func load(_ attempt: Attempt) -> Int32 {
        guard let run = current, let program = run.object.program(at: attempt.instructions) else {
            // libbpf's own probes of what the kernel can do.
            return attempt.load(log: nil, level: attempt.options.log_level)
        }
        let name = OpenedObject.name(program)
        guard run.selected.contains(name) else {
            current?.outcome.usedStandIn = true
            return copyOfStandIn()
        }
        if let failure = tell(.started(ProgramStarted(request: run.request.id, program: name))) { return failure }

        let (judged, target) = judge(
            attempt,
            attachedTo: run.object.targets(of: name),
            logLimit: Int(run.request.logLimit)
        )
        let report = ProgramReport(
            request: run.request.id,
            program: name,
            section: OpenedObject.section(program),
            type: bpf_program__type(program).rawValue,
            stage: judged.descriptor >= 0 ? .accepted : .kernel,
            errno: judged.errno,
            log: judged.log,
            isLogCut: judged.isLogCut,
            warnings: "",
            target: target
        )
        current?.outcome.reported.insert(name)
        if let failure = tell(.program(report)) { return failure }
        guard judged.descriptor < 0 else { return judged.descriptor }
        current?.outcome.usedStandIn = true
        return copyOfStandIn()
    }

    private struct Judgement {
        /// Of the loaded program; negative where the kernel refused.
        var descriptor: Int32
        var errno: Int32 = 0
        var log: [UInt8] = []
        var isLogCut = false
    }

    /// Where any target will do, the program is tried with one after the other until the kernel takes it.
    ///
    /// - Returns: the answer, and with which target; of several refusals the first.
    private func judge(
        _ attempt: Attempt,
        attachedTo targets: [StandInTarget],
        logLimit: Int
    ) -> (Judgement, target: String) {
        guard let first = targets.first else { return (judge(attempt, logLimit: logLimit), "") }
        let refusal = judge(attempt.attached(to: first), logLimit: logLimit)
        if refusal.descriptor >= 0 { return (refusal, first.plainName) }
        for target in targets.dropFirst() {
            let (descriptor, _) = attempt.attached(to: target)
                .load(into: &logs, level: VerifierLogLevel.statistics, limit: logLimit)
            if descriptor >= 0 { return (Judgement(descriptor: descriptor, log: logs.text), target.plainName) }
        }
        return (refusal, first.plainName)
    }

    /// Asks for statistics alone first: the whole log costs several times as much, and where it does not fit, the
    /// kernel's answer is about the buffer (ENOSPC) and no longer about the program.
    private func judge(_ attempt: Attempt, logLimit: Int) -> Judgement {
        let (descriptor, errno) = attempt.load(into: &logs, level: VerifierLogLevel.statistics, limit: logLimit)
        if descriptor >= 0 { return Judgement(descriptor: descriptor, log: logs.text) }
        let statistics = logs.text
        let level = VerifierLogLevel.statistics | VerifierLogLevel.instructions
        let (second, secondErrno) = attempt.load(into: &logs, level: level, limit: logLimit)
        if second >= 0 {
            // Refused, then taken: the first answer stands, since something other than the program changed.
            close(second)
            return Judgement(descriptor: descriptor, errno: errno, log: statistics)
        }
        let isCut = secondErrno == ENOSPC && errno != ENOSPC
        let log = logs.text.isEmpty ? statistics : logs.text
        return Judgement(
            descriptor: descriptor,
            errno: errno,
            log: isCut ? Self.log(log, endingWith: statistics) : log,
            isLogCut: isCut
        )
    }

    private static let newline = UInt8(ascii: "\n")

    /// Kernels before 6.4 keep the beginning of a log that does not fit, and lose the reason at its end: the first load's log,
    /// which is of statistics alone, has that reason too.
    private static func log(_ cut: [UInt8], endingWith statistics: [UInt8]) -> [UInt8] {
        // The last line of either counts instructions, and no time: where they are the same, nothing is lost.
        guard let end = statistics.split(separator: newline).last else { return cut }
        let line = cut.reversed().drop(while: { $0 == newline }).prefix(while: { $0 != newline })
        guard !line.elementsEqual(end.reversed()) else { return cut }
        // Half a line would be read as a whole one.
        let whole = cut[..<(cut.lastIndex(of: newline).map { $0 + 1 } ?? 0)]
        return whole + Array("\(ProgramReport.cutNote)\n".utf8) + statistics
    }

    /// nil, or the error that makes libbpf give up.
    private func tell(_ message: GuestMessage) -> Int32? {
        do throws(AgentError) {
            try current?.port.send(message)
            return nil
        } catch {
            current?.outcome.portFailure = error
            return -EPIPE
        }
    }

    /// A descriptor of a program that every kernel takes; libbpf closes the ones that it is given.
    private func copyOfStandIn() -> Int32 {
        if standIn < 0 {
            let instructions = [
                // r0 = 0; exit
                bpf_insn(code: 0xb7, dst_reg: 0, src_reg: 0, off: 0, imm: 0),
                bpf_insn(code: 0x95, dst_reg: 0, src_reg: 0, off: 0, imm: 0),
            ]
            standIn = guest_load_program(
                BPF_PROG_TYPE_SOCKET_FILTER,
                "stand_in",
                "GPL",
                instructions,
                instructions.count,
                nil
            )
        }
        guard standIn >= 0 else { return standIn }
        let copy = fcntl(standIn, F_DUPFD_CLOEXEC, 0)
        return copy >= 0 ? copy : -errno
    }
}

/// `log_level` of `BPF_PROG_LOAD` (linux/bpf_verifier.h: `BPF_LOG_LEVEL1`, `BPF_LOG_STATS`).
enum VerifierLogLevel {
    static let instructions: UInt32 = 1
    static let statistics: UInt32 = 4
}
