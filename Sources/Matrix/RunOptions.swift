// SPDX-License-Identifier: Apache-2.0

import Foundation
import GuestProtocol
import HostResources
import VirtualMachine

/// How a run goes about its work.
public struct RunOptions: Sendable {
    public var loader: LoaderChoice
    public var strategy: LoadStrategy
    public var limits: ExaminationLimits
    public var accelerator: AcceleratorChoice
    /// Guests at once; nil leaves it to what the machine has.
    public var jobs: Int?
    /// MiB that each guest has; nil leaves it to the run: the usual, and more for what is refused for want of memory.
    public var memory: Int?
    /// Every guest is booted, even where a saved one could be restored.
    public var isCold: Bool
    /// Every object has a guest of its own.
    public var isIsolating: Bool
    /// The image in which objects are loaded besides, where `loader` says so.
    public var image: ImageUnderTest?
    /// Modules of the kernel are loaded that an object needs.
    public var loadsModules: Bool
    /// Nothing is assumed of what an object leaves to its loader.
    public var isAsCompiled: Bool

    public init(
        loader: LoaderChoice = .both,
        strategy: LoadStrategy = .onePass,
        limits: ExaminationLimits = ExaminationLimits(),
        accelerator: AcceleratorChoice = .auto,
        jobs: Int? = nil,
        memory: Int? = nil,
        isCold: Bool = false,
        isIsolating: Bool = false,
        image: ImageUnderTest? = nil,
        loadsModules: Bool = true,
        isAsCompiled: Bool = false
    ) {
        self.loader = loader
        self.strategy = strategy
        self.limits = limits
        self.accelerator = accelerator
        self.jobs = jobs
        self.memory = memory
        self.isCold = isCold
        self.isIsolating = isIsolating
        self.image = image
        self.loadsModules = loadsModules
        self.isAsCompiled = isAsCompiled
    }

    /// What QEMU takes besides the guest's memory, in MiB.
    private static let emulatorMemory = 288
    /// More than this, in MiB, is not given to a guest unless the user asks for it.
    private static let mostMemory = 8192

    var guestMemory: Int { memory ?? MachineConfiguration.usualMemory }

    /// MiB of a guest for what was refused for want of memory; nil where the user has decided, or the machine has no more.
    var largerMemory: Int? { largerMemory(on: .current) }

    /// A power of two, so that a saved guest is found again although a little more or less memory is free.
    func largerMemory(on host: HostResources) -> Int? {
        let free = host.availableMemory ?? 0
        var possible = Self.mostMemory
        while possible > free / 2 { possible /= 2 }
        return memory == nil && possible >= 2 * guestMemory ? possible : nil
    }

    /// Fewer objects than this are sooner examined by the guest that is there than by another that must be started first.
    private var worthAnotherLane: Int { isIsolating ? 1 : isCold ? 40 : 4 }

    /// One guest for each processor, as far as memory goes.
    var lanes: Int { lanes(on: .current) }

    func lanes(on host: HostResources) -> Int {
        let fitting = host.availableMemory.map { $0 / (guestMemory + Self.emulatorMemory) } ?? host.processors
        return max(1, jobs ?? min(host.processors, fitting))
    }

    /// Runs `body` for each of these, as many at once as there are lanes.
    ///
    /// - Returns: what came of each, in their order.
    func inLanes<Work: Sendable, Result: Sendable>(
        _ work: [Work],
        _ body: @escaping @Sendable (Work) async throws -> Result
    ) async throws -> [Result] {
        try await withThrowingTaskGroup(of: (Int, Result).self) { group in
            var waiting = work.enumerated().makeIterator()
            func start() {
                guard let (index, next) = waiting.next() else { return }
                group.addTask { (index, try await body(next)) }
            }
            for _ in 0..<lanes { start() }
            var results: [(index: Int, result: Result)] = []
            while let (index, result) = try await group.next() {
                results.append((index, result))
                start()
            }
            return results.sorted { $0.index < $1.index }.map(\.result)
        }
    }

    func queue(_ objects: [[Int]]) -> WorkQueue { WorkQueue(objects, worthAnotherLane: worthAnotherLane) }
}
