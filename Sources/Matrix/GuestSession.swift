// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import GuestProtocol
import KernelStore
import LoaderContract
import VirtualMachine

/// A guest that can't tell good from bad.
struct CanaryFailure: Error, CustomStringConvertible {
    let reason: String

    var description: String { "the guest did not prove itself: \(reason)" }
}

/// The questions to one guest, and its answers. Knows nothing of what is made of them.
struct GuestSession: Sendable {
    let machine: RunningMachine
    let limits: ExaminationLimits
    let strategy: LoadStrategy
    private var nextRequest: UInt32 = 1
    /// What the kernel had behind it when the first object ended, and the last one.
    private var taint: (first: KernelTaint, last: KernelTaint)?

    /// No object has as many maps.
    private static let mostMaps = 4096

    init(_ machine: RunningMachine, limits: ExaminationLimits, strategy: LoadStrategy) {
        self.machine = machine
        self.limits = limits
        self.strategy = strategy
    }

    /// What has happened to the kernel since it proved itself that makes it doubtful; nil where nothing has.
    var signsOfDamage: String? {
        guard let taint else { return nil }
        let new = taint.last.subtracting(taint.first).intersection(.doubtful)
        return new.isEmpty ? nil : new.signs
    }

    /// What the agent says in the course of one object.
    enum Remark: Sendable {
        case started(String)
        case map(MapReport)
        case program(ProgramReport)
    }

    /// A session with a guest that has proved itself.
    ///
    /// - Parameter release: of the kernel that the guest is meant to run.
    static func proved(
        _ machine: RunningMachine,
        _ limits: ExaminationLimits,
        _ strategy: LoadStrategy,
        _ loader: LoaderChoice,
        release: String
    ) async throws -> GuestSession {
        guard machine.ready.release == release else {
            throw CanaryFailure(reason: "it runs \(machine.ready.release), not \(release)")
        }
        var session = GuestSession(machine, limits: limits, strategy: strategy)
        try await session.prove(loader)
        return session
    }

    /// Law 2: no vote before the guest has told good from bad, by each of the loaders that it will be asked through.
    mutating func prove(_ loader: LoaderChoice) async throws {
        let canary = Canary.objects
        if loader.asksAgent {
            var programs: [ProgramReport] = []
            let ended = try await load(canary.mixed, named: "canary", programs: Canary.programs) { remark in
                if case .program(let report) = remark { programs.append(report) }
            }
            if let complaint = Canary.complaint(about: programs, ended) { throw CanaryFailure(reason: complaint) }
        }
        if loader.asksBPFTool {
            let good = try await testimony(on: canary.acceptable)
            guard good.status == 0 else {
                throw CanaryFailure(
                    reason: "bpftool refused the good canary: \(String(decoding: good.output, as: UTF8.self))"
                )
            }
            let bad = try await testimony(on: canary.unacceptable)
            guard bad.status > 0 else { throw CanaryFailure(reason: "bpftool accepted the bad canary") }
        }
    }

    /// Has the agent do what every object needs done once.
    func warmUp() async throws {
        try await machine.link.send(.warmUp)
        switch try await machine.link.next(within: limits.program, waitingFor: "the kernel's BTF to be parsed") {
        // A kernel without BTF has nothing to parse.
        case .warm: return
        case let other: throw MachineFailure(.outOfTurn("\(other)"))
        }
    }

    /// Has the agent load an object and hears it out. Whatever it says of another request, of a program that the object
    /// does not have, or of the same thing twice is out of turn: so a guest can't talk without end.
    mutating func load(
        _ object: ObjectBytes,
        named name: String,
        programs: Set<String>,
        skipped: [String] = [],
        contract: LoaderContract = .asCompiled,
        hear: (Remark) async -> Void
    ) async throws -> ObjectReport {
        let request = LoadRequest(
            id: takeRequest(),
            name: name,
            digest: object.digest.bytes,
            object: object.bytes,
            strategy: strategy,
            skipped: skipped,
            contract: contract
        )
        try await machine.link.send(.load(request))
        var begun: Set<String> = []
        var judged: Set<String> = []
        var maps: Set<String> = []
        var waitingFor = "\(name) to be opened"
        while true {
            switch try await machine.link.next(within: limits.program, waitingFor: waitingFor) {
            case .started(let said)
            where said.request == request.id && programs.contains(said.program)
                && begun.insert(said.program).inserted:
                waitingFor = "a verdict on \(said.program)"
                await hear(.started(said.program))
            case .program(let said)
            where said.request == request.id && programs.contains(said.program)
                && judged.insert(said.program).inserted:
                waitingFor = "the next program after \(said.program)"
                await hear(.program(said))
            case .map(let said)
            where said.request == request.id && maps.count < Self.mostMaps && maps.insert(said.map).inserted:
                await hear(.map(said))
            case .object(let said) where said.request == request.id:
                try look(at: said.taint)
                return said
            case let other:
                throw MachineFailure(.outOfTurn("\(other)"))
            }
        }
    }

    /// Has the kernel load a module, for all that follows.
    ///
    /// - Returns: positive errno; 0 where it is loaded.
    mutating func load(_ module: ModuleFile) async throws -> Int32 {
        let request = ModuleRequest(id: takeRequest(), module: module.bytes)
        try await machine.link.send(.module(request))
        let waitingFor = "the module \(module.name) to be loaded"
        switch try await machine.link.next(within: limits.program, waitingFor: waitingFor) {
        case .module(let said) where said.request == request.id: return said.errno
        case let other: throw MachineFailure(.outOfTurn("\(other)"))
        }
    }

    /// Has bpftool load an object.
    mutating func testimony(on object: ObjectBytes) async throws -> WitnessReport {
        let request = WitnessRequest(id: takeRequest(), digest: object.digest.bytes, object: object.bytes)
        try await machine.link.send(.witness(request))
        switch try await machine.link.next(within: limits.script, waitingFor: "bpftool") {
        case .witness(let said) where said.request == request.id:
            try look(at: said.taint)
            return said
        case let other: throw MachineFailure(.outOfTurn("\(other)"))
        }
    }

    private mutating func look(at flags: UInt64) throws(MachineFailure) {
        let last = KernelTaint(rawValue: flags)
        if last.contains(.died) {
            throw MachineFailure(.oopsed(taint: flags))
        }
        taint = (taint?.first ?? last, last)
    }

    private mutating func takeRequest() -> UInt32 {
        defer { nextRequest &+= 1 }
        return nextRequest
    }
}
