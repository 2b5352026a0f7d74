// SPDX-License-Identifier: Apache-2.0

import Results

extension KernelExamination {
    /// Everything that was found out so far; whole once every object is done.
    var findings: KernelFindings {
        KernelFindings(
            kernel: subject.described(bootSeconds: bootSeconds, failure: failure),
            cells: progress.flatMap { object in
                loader.asksAgent
                    ? object.object.contents.programs.compactMap { object.cells[$0.name] }
                    : object.statement.map(object.cellsByWitness) ?? []
            },
            statements: progress.compactMap(\.statement),
            libbpfVersion: libbpfVersion
        )
    }
}
