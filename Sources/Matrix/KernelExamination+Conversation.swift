// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import GuestProtocol
import VirtualMachine

extension KernelExamination {
    /// No object has as many maps.
    private static let mostMaps = 4096

    /// Has the agent load an object and hears it out. Whatever it says of another request, of a program that the object
    /// does not have, or of the same thing twice is out of turn: so a guest can't talk without end.
    func converse(
        _ request: LoadRequest,
        about programs: Set<String>,
        with machine: RunningMachine,
        started: (String) -> Void = { _ in },
        map: (MapReport) -> Void = { _ in },
        program: (ProgramReport) -> Void
    ) async throws -> ObjectReport {
        try await machine.link.send(.load(request))
        var begun: Set<String> = []
        var judged: Set<String> = []
        var maps: Set<String> = []
        var waitingFor = "\(request.name) to be opened"
        while true {
            switch try await machine.link.next(within: limits.program, waitingFor: waitingFor) {
            case .started(let said)
            where said.request == request.id && programs.contains(said.program)
                && begun.insert(said.program).inserted:
                started(said.program)
                waitingFor = "a verdict on \(said.program)"
            case .program(let said)
            where said.request == request.id && programs.contains(said.program)
                && judged.insert(said.program).inserted:
                program(said)
                waitingFor = "the next program after \(said.program)"
            case .map(let said)
            where said.request == request.id && maps.count < Self.mostMaps && maps.insert(said.map).inserted:
                map(said)
            case .object(let said) where said.request == request.id:
                return said
            case let other:
                throw MachineFailure(.outOfTurn("\(other)"))
            }
        }
    }

    /// Has bpftool load an object.
    func testimony(on object: [UInt8], digest: ContentDigest, in machine: RunningMachine) async throws -> WitnessReport
    {
        let request = WitnessRequest(id: takeRequest(), digest: digest.bytes, object: object)
        try await machine.link.send(.witness(request))
        switch try await machine.link.next(within: limits.witness, waitingFor: "bpftool") {
        case .witness(let said) where said.request == request.id: return said
        case let other: throw MachineFailure(.outOfTurn("\(other)"))
        }
    }
}
