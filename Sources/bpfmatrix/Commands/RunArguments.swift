// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Matrix
import VirtualMachine

extension AcceleratorChoice: ExpressibleByArgument {}
extension LoaderChoice: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }

    public static var allValueStrings: [String] { names }

    public var defaultValueDescription: String { text }
}

/// How guests are run: shared by all commands that run some.
struct RunArguments: ParsableArguments {
    @Option(help: "auto uses KVM where a guest has answered under it, and emulation (tcg) otherwise.")
    var accel = AcceleratorChoice.auto

    @Option(help: "Guests at once. (default: one for each processor, as far as memory goes)")
    var jobs: Int?

    @Option(
        help: ArgumentHelp(
            "Memory of each guest. (default: \(MachineConfiguration.usualMemory), and once more with up to half of what this "
                + "machine has free where a kernel is short of memory)",
            valueName: "MiB"
        )
    )
    var memory: Int?

    @Flag(
        help: ArgumentHelp(
            "Load no modules of the kernels. Without it, those that have what an object needs are loaded before it, and the report "
                + "says so. (docs/modules.md)"
        )
    )
    var noModules = false

    @Option(help: ArgumentHelp("How long a kernel may take to boot.", valueName: "seconds"))
    var bootTimeout = 60

    @Option(
        help: ArgumentHelp(
            "How long the verifier may take over one program. (default: 60; 600 where guests are emulated)",
            valueName: "seconds"
        )
    )
    var programTimeout: Int?

    @Flag(help: "Boot every guest, instead of restoring one that was booted and saved before.")
    var cold = false

    @Flag(help: "A fresh guest for each object.")
    var isolate = false

    func validate() throws {
        if let jobs, jobs < 1 { throw ValidationError("--jobs must be at least 1") }
        if let memory, !Self.possibleMemory.contains(memory) {
            let (least, most) = (Self.possibleMemory.lowerBound, Self.possibleMemory.upperBound)
            throw ValidationError("--memory must be between \(least) and \(most) MiB")
        }
        if bootTimeout < 1 { throw ValidationError("--boot-timeout must be at least 1") }
        if let programTimeout, programTimeout < 1 { throw ValidationError("--program-timeout must be at least 1") }
    }

    /// With less, kernels do not boot with the agent in memory; more than QEMU's processor addresses is of no use.
    private static let possibleMemory = 160...(1 << 20)

    func options(loader: LoaderChoice, image: ImageUnderTest? = nil, isAsCompiled: Bool = false) -> RunOptions {
        RunOptions(
            loader: loader,
            limits: ExaminationLimits(boot: .seconds(bootTimeout), program: programTimeout.map { .seconds($0) }),
            accelerator: accel,
            jobs: jobs,
            memory: memory,
            isCold: cold,
            isIsolating: isolate,
            image: image,
            loadsModules: !noModules,
            isAsCompiled: isAsCompiled
        )
    }
}
