// SPDX-License-Identifier: Apache-2.0

import Foundation
import GuestProtocol
import VirtualMachine

/// How a run goes about its work.
public struct RunOptions: Sendable {
    public var loader: LoaderChoice
    public var strategy: LoadStrategy
    public var limits: ExaminationLimits
    public var accelerator: AcceleratorChoice
    /// Guests at once; nil leaves it to what the machine has.
    public var jobs: Int?

    public init(
        loader: LoaderChoice = .both,
        strategy: LoadStrategy = .onePass,
        limits: ExaminationLimits = ExaminationLimits(),
        accelerator: AcceleratorChoice = .auto,
        jobs: Int? = nil
    ) {
        self.loader = loader
        self.strategy = strategy
        self.limits = limits
        self.accelerator = accelerator
        self.jobs = jobs
    }

    /// What a guest with QEMU around it may take at most, in MiB.
    private static let guestMemory = 800

    /// One guest for each processor, as long as memory lasts.
    func lanes(for kernels: Int) -> Int {
        let processors = ProcessInfo.processInfo.activeProcessorCount
        let wanted = jobs ?? min(processors, max(1, Self.availableMemory / Self.guestMemory))
        return max(1, min(wanted, kernels))
    }

    /// MiB that can be used without swapping; much where the system does not say.
    private static var availableMemory: Int {
        let text = (try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8)) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
        let kiloBytes = line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return kiloBytes.map { $0 / 1024 } ?? guestMemory * 64
    }
}
