// SPDX-License-Identifier: Apache-2.0

import BPFObject
import Foundation
import GuestProtocol
import KernelStore
import TestKernels
import VirtualMachine

@testable import Matrix

/// A kernel's part of a run, with one object of two programs unless told otherwise, and without any guest.
///
/// - Parameters:
///   - section: of the programs; what leaves its target open is loaded with an assumed one.
///   - largerMemory: MiB of guests that are asked where memory runs out.
func makeExamination(
    loader: LoaderChoice = .agent,
    strategy: LoadStrategy = .onePass,
    limits: ExaminationLimits = ExaminationLimits(),
    programs: [String] = ["first", "second"],
    section: String = "socket",
    objects: [String] = ["o"],
    kernelDigest: String = "0",
    largerMemory: Int? = nil,
    modules: [ObjectModules] = [],
    memory: VerdictMemory? = nil,
    logs: LogKeeper = LogKeeper()
) throws -> KernelExamination {
    var builder = ObjectBuilder()
    for name in programs { builder.add(name, section: section, [.move(0, 0), .exit]) }
    let bytes = builder.build()
    let made = try objects.map { try TestObject(name: $0, path: $0, bytes: bytes, isCompiled: false) }
    let kernel = try JSONDecoder().decode(
        Kernel.self,
        from: Data(
            """
            {"name": "k", "release": "6.1.0", "version": "6.1", "source": "s", "architecture": "amd64",
             "image": {"sha256": "0", "size": 0}, "modules": [], "added": 0}
            """.utf8
        )
    )
    let machine = MachineConfiguration(
        kernel: BootKernel(name: "k", image: "/dev/null", digest: kernelDigest),
        initramfs: GuestInitramfs(tools: try GuestTools(agent: TestKernels.agent, bpftool: nil)),
        accelerator: .tcg
    )
    func guests(memory: Int) -> GuestSource {
        var machine = machine
        machine.memory = memory
        return GuestSource(machine, templates: nil, prepare: { _ in }, report: { _ in })
    }
    return KernelExamination(
        KernelUnderTest(
            spec: "6.1",
            kernel: kernel,
            guests: guests(memory: MachineConfiguration.usualMemory),
            largerGuests: largerMemory.map(guests)
        ),
        objects: made,
        modules: modules,
        loader: loader,
        strategy: strategy,
        limits: limits,
        memory: memory,
        logs: logs,
        report: { _ in }
    )
}
