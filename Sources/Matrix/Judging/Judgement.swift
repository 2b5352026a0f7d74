// SPDX-License-Identifier: Apache-2.0

import Assumptions
import BPFObject
import GuestProtocol
import Results
import VerifierLog

/// What the agent's evidence about one object on one kernel amounts to.
///
/// `docs/verdicts.md` is the same in words.
struct Judgement {
    let verdict: Verdict
    /// One line; nil where accepted.
    let message: String?
    /// Set where the reason is not the error that this program itself was answered with.
    let errno: Int32?
    /// The map that is to blame; nil where none is, or it is not known which.
    let map: MapReport?

    /// Of a program that the agent reported on. `refusedMaps` are all that the kernel refused of the same object.
    init(_ report: ProgramReport, refusedMaps: [MapReport]) {
        self.init(report, log: VerifierLog(report.log, isCut: report.isLogCut), refusedMaps: refusedMaps)
    }

    /// - Parameters:
    ///   - log: the report's, read.
    ///   - assumptions: what was set in the place of the object's loader.
    init(
        _ report: ProgramReport,
        log: VerifierLog,
        refusedMaps: [MapReport],
        assumptions: Assumptions = .none
    ) {
        switch report.stage {
        case .accepted:
            // A loader that does not switch the map off never gets as far as this program: green would be false.
            guard let map = refusedMaps.first else {
                self.init(.accepted, nil)
                return
            }
            self.init(
                .map,
                "\(Self.describe(map)); without it the kernel accepts this program",
                errno: map.errno,
                map: map
            )
        case .kernel:
            self.init(kernelRefused: report, log, refusedMaps: refusedMaps)
            if verdict == .rejected, let assumption = assumptions.blame(for: report, log) {
                self.init(assumption, log.finalMessage ?? "errno \(report.errno)")
            }
        case .loader:
            self.init(loaderGaveUp: report.warnings, errno: report.errno)
        }
    }

    /// Of the programs that libbpf never came to, because it refuses the object.
    init(_ report: ObjectReport) {
        switch report.stage {
        case .finished:
            self.init(.infrastructure, "the agent ended without a word about this program")
        case .digestMismatch:
            self.init(.infrastructure, "the bytes that arrived in the guest are not the ones that were sent")
        case .notOpened:
            self.init(.object, Self.lastLine(report.warnings) ?? "libbpf can't open the object")
        case .notLoaded:
            self.init(loaderGaveUp: report.warnings, errno: report.errno)
        }
    }

    /// No verdict on the kernel where it was the guest that is too small, whatever kernel runs in it.
    ///
    /// - Parameter memory: MiB that the guest has.
    func unlessBeyond(memory: Int, _ shortage: MemoryShortage) -> Judgement {
        guard shortage.isBeyond(memory), let least = shortage.leastMemory else { return self }
        return Judgement(
            .infrastructure,
            "\(shortage.what) needs \(least >> 20) MiB or more, and the guest has \(memory) MiB: see --memory",
            errno: errno,
            map: map
        )
    }

    /// No verdict: the kernel had not enough memory to load the program.
    ///
    /// - Parameter memory: MiB that the guest has.
    func inGuest(tooSmall memory: Int) -> Judgement {
        Judgement(
            .infrastructure,
            "the kernel was out of memory, and the guest has \(memory) MiB: see --memory",
            errno: errno
        )
    }

    private init(_ verdict: Verdict, _ message: String?, errno: Int32? = nil, map: MapReport? = nil) {
        self.verdict = verdict
        self.message = message
        self.errno = errno
        self.map = map
    }

    private init(kernelRefused report: ProgramReport, _ log: VerifierLog, refusedMaps: [MapReport]) {
        let final = log.finalMessage
        switch UnresolvedCall(in: log) {
        case .relocation:
            self.init(.relocation, "a CO-RE relocation found no match in this kernel's BTF, and the code is reached")
        case .map(let index):
            let map = refusedMaps.first { $0.index == index }
            self.init(
                .map,
                map.map(Self.describe) ?? "map number \(index) was not created, and the code needs it",
                errno: map?.errno,
                map: map
            )
        case .kfunc:
            self.init(.unsupported, "a kfunc that this kernel lacks is called")
        case nil:
            if let helper = final.flatMap(Self.unknownHelper) {
                self.init(.unsupported, "helper number \(helper) is unknown to this kernel")
            } else if log.lastLines.isEmpty && report.errno == ErrorNumber.invalidArgument {
                self.init(.unsupported, "refused before the verifier looked: no such program or attach type here")
            } else if report.errno == ErrorNumber.notSupported {
                self.init(.unsupported, final ?? "not supported by this kernel")
            } else if log.isCut {
                self.init(.rejected, "the kernel's reason is not known: it cut the end of its log off")
            } else {
                self.init(.rejected, final ?? "the kernel refused it without a word (errno \(report.errno))")
            }
        }
    }

    /// The verifier refuses a program with something in it that its loader would have set otherwise.
    private init(_ assumption: Evidence.Assumption, _ message: String) {
        switch assumption {
        case .target(let target):
            self.init(.target, "the object leaves the target to its own loader; with \(target): \(message)")
        case .innerMap(let map):
            self.init(
                .map,
                "the object leaves the inner map of \(map) to its own loader; with an assumed one: \(message)"
            )
        }
    }

    /// libbpf stopped before it asked the kernel; its warnings say over what.
    private init(loaderGaveUp warnings: String, errno: Int32) {
        let lines = warnings.split(separator: "\n").map { Self.withoutPrefix($0) }
        func line(_ texts: String...) -> String? {
            lines.first { line in texts.contains { line.contains($0) } }
        }
        if let line = line("failed to find kernel BTF type ID of") {
            self.init(.target, line)
        } else if let line = line("no BTF-based attach target is specified", "attach program FD is not set") {
            self.init(.target, "\(line): the object leaves the target to its own loader")
        } else if let line = line("struct_ops init_kern") {
            self.init(.unsupported, line)
        } else if let line = line("extern (func ksym)") {
            self.init(.unsupported, line)
        } else if let line = line("extern '", "extern (", "relo #") {
            self.init(.relocation, line)
        } else if let line = line(
            "kernel BTF is missing",
            "failed to find valid kernel BTF",
            "vmlinux BTF is not found"
        ) {
            self.init(.unsupported, "\(line): this kernel has no BTF of its own")
        } else {
            self.init(.object, lines.last ?? "libbpf gave up without a word (errno \(errno))")
        }
    }

    static func describe(_ map: MapReport) -> String {
        let name = "map '\(map.map)' (\(MapType.name(map.type)))"
        if map.maxEntries == 0 && map.errno == ErrorNumber.invalidArgument {
            return "\(name) has max_entries 0, which its own loader is meant to set"
        }
        return "\(name) was refused: \(lastLine(map.warnings) ?? "errno \(map.errno)")"
    }

    /// The number in `invalid func unknown#181`, which the verifier says of a helper beyond those that it has.
    private static func unknownHelper(in message: String) -> Int? {
        guard let match = message.firstMatch(of: #/invalid func unknown#(\d+)/#) else { return nil }
        return Int(match.1)
    }

    private static func lastLine(_ text: String) -> String? {
        text.split(separator: "\n").last.map(withoutPrefix)
    }

    /// Without `libbpf: prog 'name': `, which the cell says already.
    private static func withoutPrefix(_ line: Substring) -> String {
        String(line.trimmingPrefix(#/libbpf: (?:prog '[^']*': )?/#))
    }
}

/// The errno values that decide something here (asm-generic/errno.h, linux/errno.h).
enum ErrorNumber {
    static let outOfMemory: Int32 = 12
    static let invalidArgument: Int32 = 22
    /// `ENOTSUPP`, which the kernel uses although user space has no name for it.
    static let notSupported: Int32 = 524
}
