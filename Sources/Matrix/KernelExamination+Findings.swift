// SPDX-License-Identifier: Apache-2.0

import Results

extension KernelExamination {
    /// Everything that was found out so far; whole once every object is done.
    var findings: KernelFindings {
        KernelFindings(
            kernel: TestedKernel(
                spec: subject.spec,
                version: subject.kernel.version,
                release: subject.kernel.release,
                digest: subject.kernel.digest,
                source: subject.kernel.source,
                accelerator: subject.machine.accelerator.rawValue,
                bootSeconds: bootSeconds
            ),
            cells: progress.flatMap { object in
                loader.asksAgent
                    ? object.object.contents.programs.compactMap { object.cells[$0.name] }
                    : object.statement.map(object.cellsByWitness) ?? []
            },
            statements: progress.compactMap(\.statement)
        )
    }
}
