// SPDX-License-Identifier: Apache-2.0

import GuestProtocol
import Results
import VirtualMachine

/// A place for one guest at a time: it takes objects of one kernel for as long as there are any, in one guest after the
/// other where guests are lost.
struct Lane: Sendable {
    let examination: KernelExamination
    /// Where its guests come from.
    let guests: GuestSource
    let queue: WorkQueue
    let column: Int
    let limits: ExaminationLimits
    /// A fresh guest for each object.
    let isIsolating: Bool

    /// Throws only where the run is cancelled: whatever else happens is a finding.
    func run() async throws {
        while let index = await queue.take(from: column) {
            try Task.checkCancellation()
            // The kernel may have been given up meanwhile.
            guard await !examination.isDone(index) else { continue }
            let work = CurrentWork(index)
            do {
                let (limits, strategy) = (limits, examination.strategy)
                let (loader, release) = (examination.loader, examination.subject.kernel.release)
                try await guests.withGuest(proving: { machine in
                    try await GuestSession.proved(machine, limits, strategy, loader, release: release)
                }) { machine, session in
                    try await serve(machine, session, work)
                }
            } catch {
                try Task.checkCancellation()
                let isToWait = await learn(from: error, over: await work.underway)
                await putBack(work)
                if isToWait { try await Task.sleep(for: Self.pause) }
                continue
            }
            await putBack(work)
        }
    }

    /// Between two tries to start a guest while others are at work, which may be what there is no room for.
    private static let pause = Duration.seconds(1)

    private func learn(from error: any Error, over underway: KernelExamination.Underway) async -> Bool {
        // Other lanes of the kernel may have lost theirs at the same moment, for the same reason.
        let lanes = await queue.lanes(in: column)
        switch error {
        case let failure as MachineFailure:
            return await examination.learn(from: failure, over: underway, lanes: lanes)
        default:
            // A guest that does not prove itself, or that can't be put together.
            return await examination.loseAtStart("\(error)", log: nil, lanes: lanes)
        }
    }

    /// Goes on to other objects for as long as the guest will do for them.
    private func serve(_ machine: RunningMachine, _ proved: GuestSession, _ work: CurrentWork) async throws {
        await examination.guestStarted(machine)
        do {
            try await serveStarted(machine, proved, work)
        } catch {
            await examination.guestEnded()
            throw error
        }
        await examination.guestEnded()
    }

    private func serveStarted(_ machine: RunningMachine, _ proved: GuestSession, _ work: CurrentWork) async throws {
        var session = proved
        // A module stays: a guest that has loaded some is one for objects that need the same.
        let modules = await work.index.map { examination.modules[$0] } ?? .none
        let failed = try await loadModules(modules, &session, work)
        while let index = await work.index {
            await examination.beginWithModules(index, failed: failed)
            try await examine(index, machine, &session, work)
            guard await !examination.isUnfinished(index) else { return }
            await work.end()
            if isIsolating { return }
            if let signs = session.signsOfDamage {
                let name = await examination.progress(of: index).object.name
                await examination.replaceGuest(because: "\(signs) while \(name) was loaded")
                return
            }
            let suitable = await queue.take(from: column) { [all = examination.modules] in all[$0].plan == modules.plan
            }
            guard let next = suitable else { return }
            await work.begin(next)
        }
    }

    /// - Returns: the modules that the kernel did not take, with the errno of each.
    private func loadModules(
        _ modules: ObjectModules,
        _ session: inout GuestSession,
        _ work: CurrentWork
    ) async throws -> [String: Int32] {
        guard let index = await work.index, !modules.files.isEmpty else { return [:] }
        await work.set(.loadingModules(index))
        var failed: [String: Int32] = [:]
        for file in modules.files {
            let errno = try await session.load(file)
            if errno != 0 { failed[file.name] = errno }
        }
        await examination.tellModules(of: index, failed: failed)
        return failed
    }

    private func examine(
        _ index: Int,
        _ machine: RunningMachine,
        _ session: inout GuestSession,
        _ work: CurrentWork
    ) async throws {
        let progress = await examination.progress(of: index)
        if !progress.isLoaded { try await load(index, progress, &session, work) }
        guard await examination.progress(of: index).isLoaded, !progress.isWitnessed else { return }
        await work.set(.witnessing(index))
        let said = try await session.testimony(on: progress.object.announced)
        await examination.testify(index, said, by: machine.ready)
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

    /// The object that the guest was lost over, or that another guest is to be asked about, is taken again, unless that has
    /// been settled.
    private func putBack(_ work: CurrentWork) async {
        if await examination.failure != nil {
            await queue.close(column)
        } else if let index = await work.index, await examination.isUnfinished(index),
            await !examination.isDeferred(index)
        {
            await queue.putBack(index, to: column)
        }
    }
}

/// What a lane's guest is doing, for whoever must explain its end.
private actor CurrentWork {
    private(set) var index: Int?
    private(set) var underway = KernelExamination.Underway.nothing

    init(_ index: Int) {
        self.index = index
    }

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
