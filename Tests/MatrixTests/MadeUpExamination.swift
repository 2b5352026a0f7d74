// SPDX-License-Identifier: Apache-2.0

import BPFObject
import Foundation
import GuestProtocol
import KernelStore
import TestKernels
import VirtualMachine

@testable import Matrix

/// A kernel's part of a run, with one object of two programs, and without any guest.
func makeExamination(
    loader: LoaderChoice = .agent,
    strategy: LoadStrategy = .onePass,
    limits: ExaminationLimits = ExaminationLimits(),
    programs: [String] = ["first", "second"],
    kernelDigest: String = "0"
) throws -> KernelExamination {
    var builder = ObjectBuilder()
    for name in programs { builder.add(name, section: "socket", [.move(0, 0), .exit]) }
    let object = try TestObject(name: "o", path: "o", bytes: builder.build(), isCompiled: false)
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
    let guests = GuestSource(machine, templates: nil, prepare: { _ in }, report: { _ in })
    return KernelExamination(
        KernelUnderTest(spec: "6.1", kernel: kernel, guests: guests),
        objects: [object],
        loader: loader,
        strategy: strategy,
        limits: limits,
        report: { _ in }
    )
}
