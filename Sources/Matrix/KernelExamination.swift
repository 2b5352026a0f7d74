// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import GuestProtocol
import KernelStore
import Results
import VirtualMachine

/// A kernel of a run, ready to be booted.
struct KernelUnderTest: Sendable {
    /// What the user wrote.
    let spec: String
    let kernel: Kernel
    let machine: MachineConfiguration

    /// As results name it before it has been booted.
    var described: TestedKernel { described(bootSeconds: nil, failure: nil) }

    func described(bootSeconds: Double?, failure: String?) -> TestedKernel {
        TestedKernel(
            spec: spec,
            version: kernel.version,
            release: kernel.release,
            digest: kernel.digest,
            source: kernel.source,
            accelerator: machine.accelerator.rawValue,
            bootSeconds: bootSeconds,
            failure: failure
        )
    }
}

/// What one kernel had to say.
struct KernelFindings: Sendable {
    let kernel: TestedKernel
    let cells: [Cell]
    let statements: [WitnessStatement]
    /// What the agent was linked with; nil where it never spoke.
    let libbpfVersion: String?
}

/// One kernel's part of a run: boots guests, one after the other, until every object has been judged.
///
/// A guest that is lost is replaced, and the objects that it had not answered for go to the next one. Lives as long as
/// the kernel's column is being filled.
actor KernelExamination {
    let subject: KernelUnderTest
    let loader: LoaderChoice
    let strategy: LoadStrategy
    let limits: ExaminationLimits
    let report: @Sendable (RunEvent) -> Void

    var progress: [ObjectProgress]
    var bootSeconds: Double?
    var libbpfVersion: String?
    /// Why this kernel was given up.
    var failure: String?
    var lostForInfrastructure = 0
    var nextRequest: UInt32 = 1
    /// What the guest is doing, to know whom to blame if it is lost.
    var underway = Underway.nothing

    enum Underway {
        case nothing
        /// Loading the object at this index; the program is known once its turn has come.
        case loading(Int, program: String?)
        case witnessing(Int)
    }

    init(
        _ subject: KernelUnderTest,
        objects: [TestObject],
        loader: LoaderChoice,
        strategy: LoadStrategy,
        limits: ExaminationLimits,
        report: @escaping @Sendable (RunEvent) -> Void
    ) {
        self.subject = subject
        self.loader = loader
        self.strategy = strategy
        self.limits = limits
        self.report = report
        progress = objects.map { ObjectProgress(object: $0, kernel: subject.spec, loader: loader) }
    }

    /// Throws only where the run is cancelled: whatever else happens is a finding.
    func run() async throws -> KernelFindings {
        while progress.contains(where: { !$0.isDone }) {
            try Task.checkCancellation()
            begin(.nothing)
            do {
                report(.booting(kernel: subject.spec))
                try await withVirtualMachine(subject.machine, bootLimit: limits.boot) { machine in
                    try await self.examine(in: machine)
                }
            } catch let failure as MachineFailure {
                try Task.checkCancellation()
                learn(from: failure)
            } catch let failure as CanaryFailure {
                loseForInfrastructure("\(failure)", log: nil)
            }
        }
        return findings
    }

    /// Notes what the guest is busy with, for the case that it is lost over it.
    func begin(_ work: Underway) {
        underway = work
    }

    func takeRequest() -> UInt32 {
        defer { nextRequest &+= 1 }
        return nextRequest
    }

    private func examine(in machine: RunningMachine) async throws {
        let seconds = machine.bootDuration / .seconds(1)
        bootSeconds = bootSeconds ?? seconds
        libbpfVersion = machine.ready.libbpfVersion
        report(.booted(kernel: subject.spec, seconds: seconds))
        try await prove(machine)
        for index in progress.indices {
            if !progress[index].isLoaded { try await load(index, in: machine) }
            if !progress[index].isWitnessed { try await witness(index, in: machine) }
        }
    }

    /// Law 2: no vote before the guest has told good from bad, by each of the loaders that it will be asked through.
    private func prove(_ machine: RunningMachine) async throws {
        let canary = Canary()
        if loader.asksAgent {
            let request = LoadRequest(
                id: takeRequest(),
                name: "canary",
                digest: ContentDigest(of: canary.mixed).bytes,
                object: canary.mixed,
                strategy: strategy
            )
            var programs: [ProgramReport] = []
            let ended = try await converse(request, about: Canary.programs, with: machine) { programs.append($0) }
            if let complaint = Canary.complaint(about: programs, ended) { throw CanaryFailure(reason: complaint) }
        }
        if loader.asksBPFTool {
            let good = try await testimony(
                on: canary.acceptable,
                digest: ContentDigest(of: canary.acceptable),
                in: machine
            )
            guard good.status == 0 else {
                throw CanaryFailure(
                    reason: "bpftool refused the good canary: \(String(decoding: good.output, as: UTF8.self))"
                )
            }
            let bad = try await testimony(
                on: canary.unacceptable,
                digest: ContentDigest(of: canary.unacceptable),
                in: machine
            )
            guard bad.status > 0 else { throw CanaryFailure(reason: "bpftool accepted the bad canary") }
        }
    }

    private func load(_ index: Int, in machine: RunningMachine) async throws {
        begin(.loading(index, program: nil))
        progress[index].begin()
        let object = progress[index].object
        let request = LoadRequest(
            id: takeRequest(),
            name: object.name,
            digest: object.digest.bytes,
            object: object.bytes,
            strategy: strategy,
            skipped: progress[index].condemned
        )
        let ended = try await converse(
            request,
            about: Set(object.contents.programs.map(\.name)),
            with: machine,
            started: { self.underway = .loading(index, program: $0) },
            map: { self.progress[index].add($0) },
            program: {
                self.progress[index].add($0)
                self.underway = .loading(index, program: nil)
            }
        )
        if ended.stage == .digestMismatch {
            throw MachineFailure(.garbled("\(object.name) did not arrive as it was sent: its SHA-256 differs"))
        }
        if ended.taint & KernelTaint.died != 0 {
            throw MachineFailure(.oopsed("the kernel says that it has (taint \(ended.taint)), and went on"))
        }
        for cell in progress[index].finish(ended) { report(.cell(cell)) }
        begin(.nothing)
    }

    private func witness(_ index: Int, in machine: RunningMachine) async throws {
        begin(.witnessing(index))
        let object = progress[index].object
        let said = try await testimony(on: object.bytes, digest: object.digest, in: machine)
        let statement = WitnessJudgement.statement(said, about: progress[index])
        progress[index].testify(statement)
        report(.witness(statement))
        if !loader.asksAgent {
            for cell in progress[index].cellsByWitness(statement) { report(.cell(cell)) }
        }
        begin(.nothing)
    }
}

/// `TAINT_DIE` (include/linux/panic.h): the kernel has oopsed.
enum KernelTaint {
    static let died: UInt64 = 1 << 7
}

/// A guest that can't tell good from bad.
struct CanaryFailure: Error, CustomStringConvertible {
    let reason: String

    var description: String { "the guest did not prove itself: \(reason)" }
}
