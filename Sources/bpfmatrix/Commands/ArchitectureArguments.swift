// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import KernelStore
import Matrix
import Platform
import Results

extension Architecture: ExpressibleByArgument {}

/// Which architecture's kernels are meant.
struct ArchitectureArguments: ParsableArguments {
    @Option(
        name: .customLong("arch"),
        help: ArgumentHelp(
            "The kernels' architecture. Another one than this machine's is emulated, and Debian's bpftool loads whole objects "
                + "there: docs/arm64.md",
            valueName: "architecture"
        )
    )
    var architecture = Architecture.host

    var isForeign: Bool { architecture != .host }

    /// What is said before a foreign run: what to expect of it.
    var note: String {
        "\(architecture.rawValue) on an \(Architecture.host.rawValue) host: guests are emulated, and Debian's bpftool loads "
            + "in them, since there is no agent for them; verdicts are about whole objects"
    }

    /// Who loads there.
    func loaders(_ chosen: LoaderChoice?, image: ImageArguments) throws(ValidationError) -> LoaderChoice {
        guard isForeign else { return try image.loaders(chosen) }
        let arch = "--arch \(architecture.rawValue)"
        if image.image != nil {
            throw ValidationError("--image can't go with \(arch): the agent mounts it, and is built for this host only")
        }
        if let chosen, chosen != .bpftool {
            throw ValidationError(
                "--loader \(chosen.text) can't go with \(arch): the agent is built for this host only (docs/arm64.md); "
                    + "there, bpftool loads"
            )
        }
        return .bpftool
    }

    func check(_ guests: RunArguments) throws(ValidationError) {
        guard isForeign, guests.accel == .kvm else { return }
        throw ValidationError(
            "--accel kvm can't go with --arch \(architecture.rawValue): this processor does not run it, it is emulated"
        )
    }
}

/// Whoever runs the guests of a bench.
enum GuestMaker: Sendable {
    case native(GuestSupply)
    /// Of another architecture.
    case foreign(ForeignSupply)
}
