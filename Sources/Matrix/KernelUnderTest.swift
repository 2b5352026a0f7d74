// SPDX-License-Identifier: Apache-2.0

import KernelStore
import Platform
import Results
import VirtualMachine

/// A kernel of a run, with guests to be had.
struct KernelUnderTest: Sendable {
    /// What the user wrote.
    let spec: String
    let kernel: Kernel
    let guests: GuestSource
    /// Guests with more memory; nil where there are none to be had.
    let largerGuests: GuestSource?
    /// Where more is known of it; nil where it is in none.
    let store: KernelStore?

    init(
        spec: String,
        kernel: Kernel,
        guests: GuestSource,
        largerGuests: GuestSource? = nil,
        store: KernelStore? = nil
    ) {
        self.spec = spec
        self.kernel = kernel
        self.guests = guests
        self.largerGuests = largerGuests
        self.store = store
    }

    /// As results name it before it has been asked.
    var described: TestedKernel { described(start: nil, failure: nil) }

    func described(start: GuestStart?, failure: String?) -> TestedKernel {
        TestedKernel(
            spec: spec,
            version: kernel.version,
            release: kernel.release,
            digest: kernel.digest,
            source: kernel.source,
            architecture: kernel.architecture.inResults,
            accelerator: guests.configuration.accelerator.rawValue,
            bootSeconds: start?.seconds,
            isRestored: start?.isRestored,
            failure: failure
        )
    }
}

extension Architecture {
    /// amd64 goes without saying, as it did before there was another.
    var inResults: String? { self == .amd64 ? nil : rawValue }
}

/// How a guest came to answer.
struct GuestStart: Sendable, Hashable {
    /// From QEMU's start to the agent's first word.
    let seconds: Double
    let isRestored: Bool
}

/// What one kernel had to say.
struct KernelFindings: Sendable {
    let kernel: TestedKernel
    let cells: [Cell]
    let statements: [WitnessStatement]
    /// What the agent was linked with; nil where it never spoke.
    let libbpfVersion: String?

    func adding(statements more: [WitnessStatement], cells others: [Cell]) -> KernelFindings {
        KernelFindings(
            kernel: kernel,
            cells: cells + others,
            statements: statements + more,
            libbpfVersion: libbpfVersion
        )
    }
}
