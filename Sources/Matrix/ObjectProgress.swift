// SPDX-License-Identifier: Apache-2.0

import Assumptions
import GuestProtocol
import Results
import VerifierLog

/// How far one object has come on one kernel; survives the VMs that it is examined in.
struct ObjectProgress {
    let object: TestObject
    /// The word of the user by which cells name the kernel.
    let kernel: String
    /// What the agent sets in the object's loader's place.
    let assumptions: Assumptions
    let modules: ObjectModules
    /// Modules of the plan that the guest could not load, with the errno of each.
    private var failedModules: [String: Int32] = [:]
    private(set) var cells: [String: Cell] = [:]
    private(set) var refusedMaps: [MapReport] = []
    private(set) var statement: WitnessStatement?
    /// How often a guest was lost while the program named was being loaded; the empty name is the object itself, before
    /// any program's turn.
    private var losses: [String: Int] = [:]
    /// How often a guest was lost over the object for reasons that are not the object's.
    private var interruptions = 0
    /// How often bpftool was short of memory.
    private var shortages = 0
    /// It is to be asked about in a guest with more memory.
    var isInNeedOfMemory = false
    /// What the guest that is loading the object has said. It counts once that guest has come to the object's end: a
    /// kernel that breaks down before may have been damaged all along.
    private var reports: [HeardProgram] = []
    private var ended: ObjectReport?
    /// The agent's account is one that was given in an earlier run.
    private var isCached = false
    private(set) var isLoaded: Bool
    private(set) var isWitnessed: Bool

    /// - Parameter isAsCompiled: nothing is assumed of what the object leaves to its loader.
    init(
        object: TestObject,
        kernel: String,
        loader: LoaderChoice,
        modules: ObjectModules = .none,
        isAsCompiled: Bool = false
    ) {
        self.object = object
        self.kernel = kernel
        self.modules = modules
        // bpftool, here or in an image, loads what the compiler made.
        assumptions = loader.asksAgent && !isAsCompiled ? object.read.assumptions : .none
        isLoaded = !loader.asksAgent
        // It would speak of another object than the agent does.
        isWitnessed = !loader.asksBPFTool || !assumptions.contract.isEmpty
    }

    var isDone: Bool { isLoaded && isWitnessed }

    /// Everything that the guest that loaded the object said of it, in an order in which it can be said again, by a guest that
    /// introduced itself so.
    func account(of ready: Ready) -> Answer {
        let said = refusedMaps.map { GuestMessage.map($0) } + reports.map { .program($0.report) }
        let logs = reports.enumerated().compactMap { index, heard in
            heard.log.reference.map { (refusedMaps.count + index, $0) }
        }
        return Answer(
            from: ready,
            said + (ended.map { [.object($0)] } ?? []),
            logs: Dictionary(logs) { one, _ in one }
        )
    }

    /// The logs of what was refused, as far as the guest that has answered has any.
    var refusals: [(cell: Cell, log: KeptLog)] {
        reports.filter { $0.report.stage == .kernel }.compactMap { heard in
            cells[heard.report.program].map { ($0, heard.log) }
        }
    }

    /// What the guest said is judged and remembered: it is held no longer.
    mutating func forgetReports() {
        reports = []
    }

    /// Whether one guest has come to a verdict on every program: the next one would say the same.
    var isWorthRemembering: Bool {
        ended.map { !Self.passing.contains($0.errno) } == true && losses.isEmpty && failedModules.isEmpty
            && !cells.isEmpty
            && cells.values.allSatisfy(\.verdict.isVerdict)
            && !reports.contains { Self.passing.contains($0.report.errno) }
            && !refusedMaps.contains { Self.passing.contains($0.errno) }
    }

    /// Of what modules may have.
    private static let codesOfAbsence: Set<CauseCode> = [
        .targetMissing, .relocationWithoutMatch, .kfuncUnknown, .externUnresolved, .structOpsLacking,
    ]

    /// What a kernel answers when it is short of something just then: EAGAIN, ENOMEM.
    private static let passing: Set<Int32> = [11, ErrorNumber.outOfMemory]

    var hasLostGuests: Bool { losses.contains { $0.key != WitnessJudgement.lossKey } }
    var hasLostWitnesses: Bool { losses[WitnessJudgement.lossKey] != nil }

    /// Programs that guests were lost over: no other guest is asked about them.
    var condemned: [String] { isLoaded ? [] : Array(cells.keys) }

    /// A guest has loaded the modules of the plan, but for these.
    mutating func beginWithModules(failed: [String: Int32]) {
        failedModules = failed
    }

    /// What is known of the kernel's modules, for explanations.
    var moduleFacts: Evidence.ModuleFacts {
        var facts = modules.facts
        facts.failures = failedModules
        facts.loaded = Set(modules.plan.order).subtracting(failedModules.keys)
        return facts
    }

    /// The modules that were loaded because the object needs them.
    private var loadedModules: [String]? {
        let loaded = modules.plan.needs.map(\.module).filter { failedModules[$0] == nil }
        return loaded.isEmpty ? nil : loaded
    }

    /// A guest begins with the object: what another one said of it before it was lost does not count.
    mutating func begin() {
        reports = []
        refusedMaps = []
    }

    /// Counts a guest that was lost over `program` (nil: over the object) and says how often that has happened.
    mutating func countLoss(over program: String?) -> Int {
        losses[program ?? "", default: 0] += 1
        return losses[program ?? "", default: 0]
    }

    /// Counts a guest that was lost over the object for other reasons, and says how often that has happened.
    mutating func countInterruption() -> Int {
        interruptions += 1
        return interruptions
    }

    mutating func countShortage() -> Int {
        shortages += 1
        return shortages
    }

    /// What this guest did not have enough memory for; nil where it had.
    func shortage(_ ended: ObjectReport) -> MemoryShortage? {
        if let map = refusedMaps.first(where: { $0.errno == ErrorNumber.outOfMemory }) {
            return MemoryShortage(of: map, in: object)
        }
        if let program = reports.first(where: { $0.report.errno == ErrorNumber.outOfMemory }) {
            return MemoryShortage(what: program.report.program)
        }
        return ended.errno == ErrorNumber.outOfMemory ? MemoryShortage(what: "the object") : nil
    }

    mutating func add(_ heard: HeardProgram) {
        reports.append(heard)
    }

    mutating func add(_ report: MapReport) {
        refusedMaps.append(report)
    }

    /// Whether something of it was refused.
    func isToBeExplained(_ ended: ObjectReport) -> Bool {
        ended.stage != .finished || !refusedMaps.isEmpty || reports.contains { $0.report.stage != .accepted }
    }

    /// The agent is through with the object: every program gets its cell. Returned in the object's order.
    ///
    /// - Parameter kernel: what else is known of the kernel; needed where something was refused.
    mutating func finish(
        _ report: ObjectReport,
        isCached: Bool = false,
        on kernel: KernelKnowledge = .none
    ) -> [Cell] {
        self.isCached = isCached
        ended = report
        for program in object.contents.programs where cells[program.name] == nil {
            if let said = reports.first(where: { $0.report.program == program.name }) {
                cells[program.name] = cell(of: said, object: report, on: kernel)
            } else {
                cells[program.name] = cell(
                    program.name,
                    Judgement(report),
                    errno: report.errno,
                    log: KeptLog(excerptOf: report.warnings),
                    explanation: refusal(of: program.name, on: kernel).explanation(of: report)
                )
            }
        }
        isLoaded = true
        return orderedCells
    }

    /// No more is to be had from guests: whatever has no cell yet gets this verdict.
    mutating func giveUp(_ verdict: Verdict, message: String, log: String?) -> [Cell] {
        var given: [Cell] = []
        if !isLoaded {
            for program in object.contents.programs where cells[program.name] == nil {
                cells[program.name] = Cell(
                    object: object.name,
                    program: program.name,
                    kernel: kernel,
                    verdict: verdict,
                    message: message,
                    log: log
                )
            }
            given = orderedCells
            isLoaded = true
        }
        if !isWitnessed {
            testify(WitnessStatement(object: object.name, kernel: kernel, verdict: verdict, output: message))
        }
        return given
    }

    /// One program brought a guest down or never came to an end.
    mutating func condemn(_ program: String, _ verdict: Verdict, message: String, log: String) {
        cells[program] = Cell(
            object: object.name,
            program: program,
            kernel: kernel,
            verdict: verdict,
            message: message,
            log: log
        )
    }

    mutating func testify(_ statement: WitnessStatement) {
        self.statement = statement
        isWitnessed = true
    }

    private var orderedCells: [Cell] { object.contents.programs.compactMap { cells[$0.name] } }

    private func refusal(of program: String, on kernel: KernelKnowledge) -> Refusal {
        Refusal(
            object: object,
            program: program,
            refusedMaps: refusedMaps,
            assumptions: assumptions,
            kernel: kernel
        )
    }

    private func judgement(of report: ProgramReport, _ read: VerifierLog, on kernel: KernelKnowledge) -> Judgement {
        let judgement = Judgement(report, log: read, refusedMaps: refusedMaps, assumptions: assumptions)
        if report.stage == .kernel, report.errno == ErrorNumber.outOfMemory, judgement.verdict == .rejected,
            let memory = kernel.facts.memory
        {
            return judgement.inGuest(tooSmall: memory)
        }
        guard let map = judgement.map, map.errno == ErrorNumber.outOfMemory, let memory = kernel.facts.memory else {
            return judgement
        }
        return judgement.unlessBeyond(memory: memory, MemoryShortage(of: map, in: object))
    }

    private func cell(
        of heard: HeardProgram,
        object ended: ObjectReport,
        on kernel: KernelKnowledge
    ) -> Cell {
        let (report, read) = (heard.report, heard.read)
        let judgement = judgement(of: report, read, on: kernel)
        if ended.stage == .notLoaded, judgement.verdict == .accepted {
            // Every program was taken, and the object failed all the same.
            return cell(
                report.program,
                Judgement(ended),
                errno: report.errno,
                log: heard.log,
                explanation: refusal(of: report.program, on: kernel).explanation(of: ended),
                target: report.target,
                read
            )
        }
        return cell(
            report.program,
            judgement,
            errno: report.errno,
            log: heard.log,
            explanation: judgement.verdict == .accepted
                ? nil : refusal(of: report.program, on: kernel).explanation(of: report, judgement, log: read),
            target: report.target,
            read
        )
    }

    private func cell(
        _ program: String,
        _ judgement: Judgement,
        errno: Int32,
        log: KeptLog,
        explanation: Explanation?,
        target: String = "",
        _ read: VerifierLog = VerifierLog([])
    ) -> Cell {
        // What a guest of ours can't load says nothing of machines that can; nor does what may be in a module of which nothing
        // is known.
        let isOpen =
            explanation.map { code in
                code.code == .moduleNotLoaded && !failedModules.isEmpty
                    || modules.failure != nil && Self.codesOfAbsence.contains(code.code)
            } ?? false
        return Cell(
            object: object.name,
            program: program,
            kernel: kernel,
            verdict: isOpen ? .infrastructure : judgement.verdict,
            errno: judgement.errno.map { Int($0) } ?? (errno == 0 ? nil : Int(errno)),
            message: isOpen ? modules.failure ?? judgement.message : judgement.message,
            sourceLine: judgement.verdict == .accepted ? nil : explanation?.place?.sourceLine,
            explanation: explanation,
            instructions: read.statistics.instructions,
            states: read.statistics.totalStates,
            peakStates: read.statistics.peakStates,
            stackDepth: read.statistics.stackDepth,
            isCached: isCached,
            assumed: assumptions.words(of: program, target: target),
            modules: loadedModules,
            log: log.excerpt.text.isEmpty ? nil : log.excerpt.text,
            logSHA256: log.reference?.digest.hexadecimal,
            logBytes: log.reference?.bytes
        )
    }
}
