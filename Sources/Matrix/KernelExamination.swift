// SPDX-License-Identifier: Apache-2.0

import GuestProtocol
import Results
import VerdictCache
import VirtualMachine

/// One kernel's part of a run: what its guests, several at once perhaps, have said of every object.
///
/// A guest that is lost is replaced, and the objects that it had not answered for go to another. Lives as long as the
/// kernel's column is being filled.
actor KernelExamination {
    nonisolated let subject: KernelUnderTest
    nonisolated let loader: LoaderChoice
    nonisolated let strategy: LoadStrategy
    nonisolated let limits: ExaminationLimits
    /// Of each object.
    nonisolated let modules: [ObjectModules]
    nonisolated let report: @Sendable (RunEvent) -> Void
    /// The version of the guests' bpftool, as results have it; nil where there is none.
    nonisolated let bpftool: String?

    var progress: [ObjectProgress]
    /// Of the guest that answered first.
    var start: GuestStart?
    var libbpfVersion: String?
    /// Why this kernel was given up.
    var failure: String?
    /// Guests in a row that could not be had.
    var lostAtStart = 0
    /// Guests that have proved themselves and are at work.
    private(set) var guestsAtWork = 0
    /// Whether guests are those with more memory.
    var isAskingLargerGuests = false
    /// What decides this kernel's answers; nil where its guests can't be put together.
    let guest: GuestIdentity?
    /// What kernels have answered is kept there as they answer.
    nonisolated let memory: VerdictMemory?
    nonisolated let logs: LogKeeper
    /// Of the objects, in their order.
    nonisolated let names: [String]
    var hasToldOfMemory = false
    private var knowledge: KernelKnowledge?

    /// What a guest is doing, to know whom to blame if it is lost.
    enum Underway: Sendable, Hashable {
        case nothing
        /// Loading the modules that the object at this index needs.
        case loadingModules(Int)
        /// Loading the object at this index; the program is known once its turn has come.
        case loading(Int, program: String?)
        case witnessing(Int)
    }

    init(
        _ subject: KernelUnderTest,
        objects: [TestObject],
        modules: [ObjectModules] = [],
        loader: LoaderChoice,
        strategy: LoadStrategy = .onePass,
        limits: ExaminationLimits,
        isAsCompiled: Bool = false,
        bpftool: String? = nil,
        memory: VerdictMemory? = nil,
        logs: LogKeeper = LogKeeper(),
        report: @escaping @Sendable (RunEvent) -> Void
    ) {
        self.subject = subject
        self.loader = loader
        self.strategy = strategy
        self.limits = limits
        self.modules = objects.indices.map { modules.indices.contains($0) ? modules[$0] : .none }
        self.bpftool = bpftool
        self.memory = memory
        self.logs = logs
        names = objects.map(\.name)
        self.report = report
        guest = try? GuestIdentity(subject.guests.configuration)
        progress = zip(objects, self.modules).map {
            ObjectProgress(
                object: $0,
                kernel: subject.spec,
                loader: loader,
                modules: $1,
                isAsCompiled: isAsCompiled
            )
        }
    }

    func isDone(_ index: Int) -> Bool { progress[index].isDone }

    func isUnfinished(_ index: Int) -> Bool { !progress[index].isDone }

    /// The objects that no guest has answered for whole.
    var unfinished: [Int] { progress.indices.filter { !progress[$0].isDone } }

    func progress(of index: Int) -> ObjectProgress { progress[index] }

    func guestStarted(_ machine: RunningMachine) {
        let seconds = machine.startDuration / .seconds(1)
        start = start ?? GuestStart(seconds: seconds, isRestored: machine.isRestored)
        libbpfVersion = machine.ready.libbpfVersion
        countGuest()
        report(.started(kernel: subject.spec, seconds: seconds, isRestored: machine.isRestored))
    }

    /// A guest has proved itself and is at work.
    func countGuest() {
        lostAtStart = 0
        guestsAtWork += 1
    }

    /// A guest that had started is no more, whether it was lost or is no longer needed.
    func guestEnded() {
        guestsAtWork -= 1
        lostAtStart = 0
    }

    /// What a guest has said stands; what is left goes to another.
    func replaceGuest(because reason: String) {
        report(.note("\(subject.spec): going on in a fresh guest: the kernel has had \(reason)"))
    }

    func beginLoading(_ index: Int) {
        progress[index].begin()
    }

    /// Takes in what a guest says in the course of one object. Logs are read outside of the actor: that takes a while.
    nonisolated func hear(_ remark: GuestSession.Remark, about index: Int) async {
        switch remark {
        case .started: break
        case .map(let said): await add(said, to: index)
        case .program(let said): await add(await heard(said), to: index)
        }
    }

    nonisolated func heard(_ said: ProgramReport) async -> HeardProgram {
        await HeardProgram(said, keptBy: logs) { report(.note("\(subject.spec): \($0)")) }
    }

    private func add(_ said: MapReport, to index: Int) {
        progress[index].add(said)
    }

    private func add(_ heard: HeardProgram, to index: Int) {
        progress[index].add(heard)
    }

    /// The agent has come to the object's end.
    func finish(_ index: Int, _ ended: ObjectReport, by ready: Ready) async {
        if let shortage = progress[index].shortage(ended), askLargerGuest(about: index, because: shortage) { return }
        let kernel = progress[index].isToBeExplained(ended) ? await known(for: index, memory: guestMemory) : .none
        let cells = progress[index].finish(ended, on: kernel)
        // What has been told is kept, also where the run is killed right then.
        rememberLoading(index, by: ready)
        report(.cells(cells))
        await writeLogs(of: index)
        progress[index].forgetReports()
    }

    /// For people, as soon as the object is done.
    func writeLogs(of index: Int) async {
        for refusal in progress[index].refusals where refusal.cell.verdict != .accepted {
            await logs.write(refusal.log, of: refusal.cell)
        }
    }

    /// What is known of the kernel where an object is to be explained.
    func known(for index: Int, memory: Int? = nil) async -> KernelKnowledge {
        await known().inGuest(memory: memory, modules: progress[index].moduleFacts)
    }

    /// A guest is there for the object, with its modules but for these.
    func beginWithModules(_ index: Int, failed: [String: Int32]) {
        progress[index].beginWithModules(failed: failed)
    }

    /// What the store knows of the kernel; read when something is to be explained for the first time.
    func known() async -> KernelKnowledge {
        if let knowledge { return knowledge }
        let found = await KernelKnowledge(of: subject.kernel, in: subject.store)
        knowledge = found
        return found
    }

    func testify(_ index: Int, _ said: WitnessReport, by ready: Ready) async {
        // What others have left behind may be why: a fresh guest is asked, and then a larger one.
        if WitnessJudgement.isPassing(said) {
            if progress[index].countShortage() == 1 { return }
            if askLargerGuest(about: index, because: "bpftool did not have enough memory") { return }
        }
        await testify(index, said, isCached: false)
        rememberTestimony(index, said, by: ready)
    }

    func testify(_ index: Int, _ said: WitnessReport, isCached: Bool) async {
        var statement = WitnessJudgement.statement(said, about: progress[index], loaders)
        statement.isCached = isCached
        statement = await progress[index].kept(statement, by: logs) { report(.note("\(subject.spec): \($0)")) }
        progress[index].testify(statement)
        report(.witness(statement))
        if !loader.asksAgent { report(.cells(progress[index].cellsByWitness(statement))) }
    }

    /// Whom bpftool's words are held against.
    var loaders: WitnessJudgement.Loaders {
        WitnessJudgement.Loaders(
            witness: bpftool.flatMap(LibbpfVersion.init(ofBPFTool:)),
            other: libbpfVersion.flatMap { LibbpfVersion($0) }
        )
    }

    /// With an image's loader as the only one its word on an object is the object's one cell.
    func addImage(_ statements: [WitnessStatement], isOnlyLoader: Bool) -> [Cell] {
        guard isOnlyLoader else { return [] }
        let cells = zip(progress, statements).map { object, statement in object.cellsByWitness(statement) }
        for cells in cells { report(.cells(cells)) }
        return cells.flatMap { $0 }
    }

    /// Everything that was found out so far; whole once every object is done.
    var findings: KernelFindings {
        KernelFindings(
            kernel: subject.described(start: start, failure: failure),
            cells: progress.flatMap { object in
                loader.asksAgent
                    ? object.object.contents.programs.compactMap { object.cells[$0.name] }
                    : object.statement.map(object.cellsByWitness) ?? []
            },
            statements: progress.compactMap(\.statement),
            libbpfVersion: libbpfVersion
        )
    }
}
