// SPDX-License-Identifier: Apache-2.0

import Foundation
import KernelStore
import VirtualMachine

/// Guests of another architecture than the host's: they have bpftool and a shell, and the objects in their initramfs.
struct ForeignGuest: ScriptedGuest {
    let supply: ForeignSupply
    let kernel: Kernel
    let folder: ObjectFolder

    var owner: String { "the guest" }
    var release: String { kernel.release }

    /// `bpftool 7.5.0`
    func name(of loader: ImageLine.Loader?) -> String {
        "bpftool \(loader?.version ?? supply.tools.bpftoolVersion)"
    }

    func run(
        objects: [String],
        limits: ExaminationLimits,
        started: @escaping @Sendable (Duration) async -> Void,
        hear: @escaping @Sendable (ImageLine) async throws -> Void
    ) async throws -> UInt64 {
        let machine = try supply.machine(for: kernel, objects: objects, of: folder)
        return try await withScriptMachine(machine) { guest in
            var lines = LineSplitter()
            var isFirst = true
            var deadline = LineDeadline(limits.script)
            while true {
                let waitingFor = isFirst ? "the guest to start" : "the guest's script"
                let limit = isFirst ? limits.boot : try deadline.remaining(waitingFor: waitingFor)
                let bytes = try await guest.next(within: limit, waitingFor: waitingFor, isFirst: isFirst)
                if isFirst { await started(guest.age) }
                if isFirst { deadline.lineCame() }
                isFirst = false
                try deadline.take(bytes.count)
                for line in try lines.add(bytes) {
                    if let ending = GuestEnding(line) { return try ending.taintOfSuccess }
                    try await hear(ImageLine(line))
                    deadline.lineCame()
                }
            }
        }
    }
}

/// The last line of a guest without the agent: `{"status":0,"taint":0}`.
private struct GuestEnding: Decodable {
    /// The script's exit status.
    let status: Int32
    let taint: UInt64

    init?(_ line: ArraySlice<UInt8>) {
        // A line about an object has a status too, and may be megabytes long.
        guard line.count < 100, let ending = try? JSONDecoder().decode(Self.self, from: Data(line)) else { return nil }
        self = ending
    }

    var taintOfSuccess: UInt64 {
        get throws {
            guard status == 0 else {
                throw ImageFailure.script("test-bpf-in-vm.sh", status: status, complaints: "")
            }
            return taint
        }
    }
}
