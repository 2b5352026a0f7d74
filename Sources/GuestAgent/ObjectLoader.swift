// SPDX-License-Identifier: Apache-2.0

import CGuest
import Glibc
import GuestProtocol

/// Takes an object through libbpf and reports on every program of it.
///
/// libbpf stops at whatever it cannot do. What stops it is reported, switched off, and the object opened again without
/// it, until every program has been reported on: `docs/verdicts.md` tells what that means for the others.
struct ObjectLoader {
    private let port: HostPort
    private let kernelLoad: KernelLoad

    init(port: HostPort) {
        self.port = port
        kernelLoad = KernelLoad()
    }

    mutating func load(_ request: LoadRequest) throws(AgentError) {
        defer { GuestSystem.freshBPFFileSystem() }
        let messages = LoaderMessages(relocationLimit: Int(request.relocationLimit))
        func end(_ stage: ObjectStage, errno: Int32 = 0, warnings: String = "") throws(AgentError) {
            if request.relocationLimit > 0 {
                let (text, isCut) = (messages.relocations, messages.areRelocationsCut)
                try port.send(.relocations(RelocationReport(request: request.id, text: text, isCut: isCut)))
            }
            let taint = GuestSystem.taint
            try port.send(
                .object(ObjectReport(request: request.id, stage: stage, errno: errno, warnings: warnings, taint: taint))
            )
        }
        guard Digest.of(request.object) == request.digest else { return try end(.digestMismatch) }

        var pending: [String] = []
        var opened: OpenedObject?
        switch OpenedObject.open(request, messages: messages) {
        case .failure(let refusal):
            return try end(.notOpened, errno: refusal.errno, warnings: messages.text)
        case .success(let object):
            pending = object.programNames.filter { !request.skipped.contains($0) }
            opened = object
        }

        var refusal: Refusal?
        var refusedMaps: Set<String> = []
        var hasRefusals = false
        switch request.strategy {
        case .onePass:
            refusal = try pass(
                over: pending,
                startingWith: opened.take(),
                request: request,
                messages: messages,
                refusedMaps: &refusedMaps,
                hasRefusals: &hasRefusals
            )
        case .perProgram:
            guest_share_kernel_btf(false)
            defer { guest_share_kernel_btf(true) }
            for program in pending {
                let failed = try pass(
                    over: [program],
                    startingWith: opened.take(),
                    request: request,
                    messages: messages,
                    refusedMaps: &refusedMaps,
                    hasRefusals: &hasRefusals
                )
                refusal = refusal ?? failed
            }
        }
        if let refusal {
            try end(.notLoaded, errno: refusal.errno, warnings: refusal.warnings)
        } else {
            try end(.finished)
        }
    }

    /// Loads the programs named, all others switched off, and reports on each; nil once all have been reported on, or
    /// why libbpf refuses the object as such.
    ///
    /// - Parameters:
    ///   - opened: the object, opened and not loaded yet, where somebody has it at hand.
    ///   - hasRefusals: set where a program or a map of it was refused.
    private func pass(
        over programs: [String],
        startingWith opened: consuming OpenedObject?,
        request: LoadRequest,
        messages: LoaderMessages,
        refusedMaps: inout Set<String>,
        hasRefusals: inout Bool
    ) throws(AgentError) -> Refusal? {
        var pending = Set(programs)
        var next = opened
        repeat {
            GuestSystem.freshBPFFileSystem()
            let object: OpenedObject
            if let known = next.take() {
                object = known
            } else {
                messages.clear()
                switch OpenedObject.open(request, messages: messages) {
                case .failure(let refusal): return refusal
                case .success(let opened): object = opened
                }
            }
            object.select(programs: pending, withoutMaps: refusedMaps)
            let outcome = kernelLoad.run(
                object,
                programs: pending,
                request: request,
                messages: messages,
                port: port
            )
            if let failure = outcome.portFailure { throw failure }
            pending.subtract(outcome.reported)
            if outcome.usedStandIn { hasRefusals = true }
            guard outcome.errno != 0 else { break }
            // After the last program's turn libbpf fills tables of programs. Stand-ins may not fit into them, which
            // says nothing; where there were none, the failure is the object's.
            if pending.isEmpty && outcome.usedStandIn { break }

            switch messages.culprit {
            case .map(let name) where refusedMaps.insert(name).inserted:
                hasRefusals = true
                try port.send(
                    .map(object.mapReport(name, request: request.id, errno: outcome.errno, warnings: messages.text))
                )
            case .program(let name) where pending.remove(name) != nil:
                hasRefusals = true
                try port.send(
                    .program(
                        object.programReport(name, request: request.id, errno: outcome.errno, warnings: messages.text)
                    )
                )
            default:
                guard pending.count > 1 else {
                    hasRefusals = true
                    return try blame(pending.first, in: object, outcome, request, messages)
                }
                let whole = Refusal(errno: outcome.errno, warnings: messages.text)
                // Some of them may be why, as those are that need the kernel's BTF where it has none: each is tried alone.
                for program in programs where pending.contains(program) {
                    let refusal = try pass(
                        over: [program],
                        startingWith: nil,
                        request: request,
                        messages: messages,
                        refusedMaps: &refusedMaps,
                        hasRefusals: &hasRefusals
                    )
                    if let refusal { return refusal }
                }
                // Nobody has loaded the whole of it: where no part is to blame, the whole is.
                return hasRefusals ? nil : whole
            }
        } while !pending.isEmpty
        return nil
    }

    /// What stopped libbpf has no name, and only one program's turn is left: it is that one's, or with none left the
    /// object's.
    private func blame(
        _ program: String?,
        in object: OpenedObject,
        _ outcome: KernelLoad.Outcome,
        _ request: LoadRequest,
        _ messages: LoaderMessages
    ) throws(AgentError) -> Refusal? {
        guard let program else { return Refusal(errno: outcome.errno, warnings: messages.text) }
        let report = object.programReport(program, request: request.id, errno: outcome.errno, warnings: messages.text)
        try port.send(.program(report))
        return nil
    }
}

/// Why libbpf won't have an object, for a reason that belongs to no single program or map.
struct Refusal: Error {
    /// Positive errno.
    let errno: Int32
    let warnings: String
}
