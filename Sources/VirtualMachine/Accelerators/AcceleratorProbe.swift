// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import SystemPackage

/// The accelerator that a run uses, and why it is that one.
public struct AcceleratorDecision: Sendable, Hashable {
    public let accelerator: Accelerator
    /// In words, for people: "no /dev/kvm".
    public let reason: String

    public init(accelerator: Accelerator, reason: String) {
        self.accelerator = accelerator
        self.reason = reason
    }

    /// Both, for people.
    public var note: String {
        switch accelerator {
        case .kvm: "KVM: \(reason)"
        case .tcg: "emulated (no KVM): \(reason)"
        }
    }
}

/// Decides between KVM and emulation.
///
/// A `/dev/kvm` that opens proves nothing: on some hosts a stock kernel never prints a line under it. Only a guest whose
/// agent has answered does; that is tried once per host and remembered.
public struct AcceleratorProbe: Sendable {
    /// Where the answer is remembered.
    private let memory: FilePath
    private let device: String

    /// How long a guest may take to answer under KVM. Where it works it takes one to three seconds.
    private static let limit = Duration.seconds(10)

    /// What has been found out about a host.
    private struct Finding: Codable {
        let host: String
        let kvmAnswers: Bool
        let reason: String
    }

    public init(memory: FilePath, device: String = "/dev/kvm") {
        self.memory = memory
        self.device = device
    }

    /// - Parameter trial: a guest to try KVM with; its own accelerator does not matter.
    /// - Throws: `MachineFailure` where KVM is asked for by name and no guest answers under it.
    public func decide(_ choice: AcceleratorChoice, trial: MachineConfiguration) async throws -> AcceleratorDecision {
        switch choice {
        case .tcg: return AcceleratorDecision(accelerator: .tcg, reason: "asked for")
        case .kvm:
            let host = try Self.host(trial.processor, trial.qemu)
            if let known = recall(host: host), known.accelerator == .kvm { return known }
            // It may have been mended since it failed.
            try await answers(trial)
            return remember(Finding(host: host, kvmAnswers: true, reason: Self.success))
        case .auto: return try await decide(trial)
        }
    }

    /// What `auto` is known to mean on this host; nil where it has not been tried yet.
    public func remembered(
        processor: HostProcessor = .current,
        qemu: String = MachineConfiguration.usualEmulator
    ) throws -> AcceleratorDecision? {
        try denial ?? recall(host: Self.host(processor, qemu))
    }

    private func decide(_ trial: MachineConfiguration) async throws -> AcceleratorDecision {
        if let denial { return denial }
        let host = try Self.host(trial.processor, trial.qemu)
        if let known = recall(host: host) { return known }
        let finding: Finding
        do {
            try await answers(trial)
            finding = Finding(host: host, kvmAnswers: true, reason: Self.success)
        } catch let failure as MachineFailure {
            try Task.checkCancellation()
            let reason = "\(failure)".split(separator: "\n").first ?? ""
            finding = Finding(host: host, kvmAnswers: false, reason: "\(device) opens, but no guest answers: \(reason)")
        }
        return remember(finding)
    }

    private func remember(_ finding: Finding) -> AcceleratorDecision {
        // Not being able to costs the next run another try, nothing else.
        try? JSONEncoder().encode(finding).write(to: URL(filePath: memory.string), options: .atomic)
        return Self.decision(finding)
    }

    private static let success = "a guest answered under KVM"

    private func answers(_ trial: MachineConfiguration) async throws {
        var machine = trial
        machine.accelerator = .kvm
        try await withVirtualMachine(machine, bootLimit: Self.limit) { _ in }
    }

    private var denial: AcceleratorDecision? {
        guard FileManager.default.fileExists(atPath: device) else {
            return AcceleratorDecision(accelerator: .tcg, reason: "no \(device)")
        }
        guard let opened = try? FileDescriptor.open(FilePath(device), .readWrite) else {
            return AcceleratorDecision(accelerator: .tcg, reason: "no permission for \(device)")
        }
        try? opened.close()
        return nil
    }

    private func recall(host: String) -> AcceleratorDecision? {
        guard let data = FileManager.default.contents(atPath: memory.string),
            let finding = try? JSONDecoder().decode(Finding.self, from: data),
            finding.host == host
        else { return nil }
        return Self.decision(finding)
    }

    private static func decision(_ finding: Finding) -> AcceleratorDecision {
        AcceleratorDecision(accelerator: finding.kvmAnswers ? .kvm : .tcg, reason: finding.reason)
    }

    /// What the answer depends on: another kernel, processor or emulator is another host.
    private static func host(_ processor: HostProcessor, _ qemu: String) throws -> String {
        return [HostKernel.release, processor.model, try EmulatorFile(qemu).identity].joined(separator: " | ")
    }
}
