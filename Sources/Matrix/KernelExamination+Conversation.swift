// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import GuestProtocol
import VirtualMachine

extension KernelExamination {
    /// Has the agent load an object and hears it out; whatever it says of another request is out of turn.
    func converse(
        _ request: LoadRequest,
        with machine: RunningMachine,
        started: (String) -> Void = { _ in },
        map: (MapReport) -> Void = { _ in },
        program: (ProgramReport) -> Void
    ) async throws -> ObjectReport {
        try await machine.link.send(.load(request))
        var waitingFor = "\(request.name) to be opened"
        while true {
            switch try await machine.link.next(within: limits.program, waitingFor: waitingFor) {
            case .started(let said) where said.request == request.id:
                started(said.program)
                waitingFor = "a verdict on \(said.program)"
            case .program(let said) where said.request == request.id:
                program(said)
                waitingFor = "the next program after \(said.program)"
            case .map(let said) where said.request == request.id:
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
