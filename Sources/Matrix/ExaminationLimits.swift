// SPDX-License-Identifier: Apache-2.0

import VirtualMachine

/// How long is waited, and how often something is tried. Every wait in a run has one of these ends.
public struct ExaminationLimits: Sendable, Hashable {
    /// From QEMU's start to the agent's first word. Emulated cold boots take two to five seconds on a quiet machine.
    public var boot: Duration
    /// From one word about an object to the next: at most one program's verification, or the parsing of one object.
    public var program: Duration {
        get { chosenProgram ?? (isEmulated ? Self.emulatedProgram : Self.usualProgram) }
        set { chosenProgram = newValue }
    }
    private var chosenProgram: Duration?
    private var isEmulated = false
    /// The least that one run of bpftool over one object is given.
    public var witness: Duration
    /// How often the same kernel is started again for reasons of infrastructure before its cells are given up.
    public var infrastructureRetries: Int
    /// How often the same program must have brought a guest down before it is called the cause.
    public var crashesToBlame: Int

    /// One run of bpftool over one object, any program of which may take its time; from one line of a script to the next.
    var script: Duration { max(witness, program) }

    /// Kernels look at a million instructions before they give a program up: a few seconds of a processor's own, and with its log some
    /// minutes where one is emulated.
    public static let usualProgram = Duration.seconds(60)
    public static let emulatedProgram = Duration.seconds(600)

    func on(_ accelerator: Accelerator) -> ExaminationLimits {
        var limits = self
        limits.isEmulated = accelerator == .tcg
        return limits
    }

    /// To fill gigabytes takes an emulated kernel a minute.
    private static let leastOfLargerGuests = Duration.seconds(300)

    var ofLargerGuests: ExaminationLimits {
        var limits = self
        limits.program = max(program, Self.leastOfLargerGuests)
        limits.witness *= 5
        return limits
    }

    public init(
        boot: Duration = .seconds(60),
        program: Duration? = nil,
        witness: Duration = .seconds(120),
        infrastructureRetries: Int = 2,
        crashesToBlame: Int = 2
    ) {
        self.boot = boot
        chosenProgram = program
        self.witness = witness
        self.infrastructureRetries = infrastructureRetries
        self.crashesToBlame = crashesToBlame
    }
}

extension ExaminationLimits {
    /// What people are told of a guest that was lost: where a limit ran out, with the option that sets it.
    func account(of failure: MachineFailure) -> String {
        guard let limit = failure.limit else { return "\(failure)" }
        let option = failure.isAtStart ? "--boot-timeout" : "--program-timeout"
        return "\(failure); a \(option) of more than \(Int(limit / .seconds(1))) gives it more time"
    }
}
