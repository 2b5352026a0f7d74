// SPDX-License-Identifier: Apache-2.0

import GuestProtocol
import Results
import VirtualMachine

/// A place for one guest at a time: it takes objects of one kernel for as long as there are any, in one guest after the
/// other where guests are lost.
struct Lane: Sendable {
    let examination: KernelExamination
    let queue: WorkQueue
    let column: Int
    /// A fresh guest for each object.
    let isIsolating: Bool

    private var limits: ExaminationLimits { examination.limits }

    /// Throws only where the run is cancelled: whatever else happens is a finding.
    func run() async throws {
        while await queue.hasWork(column) {
            try Task.checkCancellation()
            let work = CurrentWork()
            do {
                let (limits, strategy) = (limits, examination.strategy)
                let (loader, release) = (examination.loader, examination.subject.kernel.release)
                try await examination.subject.guests.withGuest(proving: { machine in
                    try await GuestSession.proved(machine, limits, strategy, loader, release: release)
                }) { machine, session in
                    try await serve(machine, session, work)
                }
            } catch {
                try Task.checkCancellation()
                switch error {
                case let failure as MachineFailure:
                    await examination.learn(from: failure, over: await work.underway)
                default:
                    // A guest that does not prove itself, or that can't be put together.
                    await examination.loseForInfrastructure("\(error)", log: nil)
                }
                await putBack(work)
            }
        }
    }

    private func serve(_ machine: RunningMachine, _ proved: GuestSession, _ work: CurrentWork) async throws {
        await examination.guestStarted(machine)
        var session = proved
        while let index = await queue.take(from: column) {
            await work.begin(index)
            let progress = await examination.progress(of: index)
            if !progress.isLoaded { try await load(index, progress, &session, work) }
            if !progress.isWitnessed {
                await work.set(.witnessing(index))
                let said = try await session.testimony(on: progress.object.announced)
                await examination.testify(index, said, by: machine.ready)
            }
            await work.end()
            if isIsolating { return }
            if let signs = session.signsOfDamage {
                let reason = "\(signs) while \(progress.object.name) was loaded"
                await examination.replaceGuest(because: reason)
                return
            }
        }
    }

    private func load(
        _ index: Int,
        _ progress: ObjectProgress,
        _ session: inout GuestSession,
        _ work: CurrentWork
    ) async throws {
        await work.set(.loading(index, program: nil))
        await examination.beginLoading(index)
        let object = progress.object
        let ended = try await session.load(
            object.announced,
            named: object.name,
            programs: Set(object.contents.programs.map(\.name)),
            skipped: progress.condemned,
            contract: progress.assumptions.contract
        ) { remark in
            switch remark {
            case .started(let program): await work.set(.loading(index, program: program))
            case .program: await work.set(.loading(index, program: nil))
            case .map: break
            }
            await examination.hear(remark, about: index)
        }
        if ended.stage == .digestMismatch {
            throw MachineFailure(.garbled("\(object.name) did not arrive as it was sent: its SHA-256 differs"))
        }
        await examination.finish(index, ended, by: session.machine.ready)
    }

    /// The object that the guest was lost over is asked about again, unless that has settled it.
    private func putBack(_ work: CurrentWork) async {
        if await examination.failure != nil {
            await queue.close(column)
        } else if let index = await work.index, !(await examination.isDone(index)) {
            await queue.putBack(index, to: column)
        }
    }
}

/// What a lane's guest is doing, for whoever must explain its end.
private actor CurrentWork {
    private(set) var index: Int?
    private(set) var underway = KernelExamination.Underway.nothing

    func begin(_ index: Int) {
        self.index = index
    }

    func set(_ underway: KernelExamination.Underway) {
        self.underway = underway
    }

    func end() {
        index = nil
        underway = .nothing
    }
}
