// SPDX-License-Identifier: Apache-2.0

import Results

/// A run with one of everything, made up.
enum SampleRun {
    static let kernels = [
        kernel("5.10", "5.10.262"), kernel("6.1", "6.1.192"),
        TestedKernel(
            spec: "4.4",
            version: "4.4",
            release: "",
            digest: "",
            source: "",
            accelerator: "tcg",
            failure: "no kernel 4.4 in the archive"
        ),
    ]

    static let object = TestedObject(
        name: "open.bpf.o",
        path: "src/open.c",
        sha256: String(repeating: "ab", count: 32),
        programs: [
            TestedProgram(name: "trace_open", section: "kprobe/vfs_open", type: "kprobe"),
            TestedProgram(name: "count", section: "fentry/vfs_open", type: "tracing"),
        ],
        isCompiled: true
    )

    static let cells = [
        Cell(object: "open.bpf.o", program: "trace_open", kernel: "5.10", verdict: .accepted, instructions: 12),
        Cell(object: "open.bpf.o", program: "trace_open", kernel: "6.1", verdict: .accepted),
        Cell(
            object: "open.bpf.o",
            program: "count",
            kernel: "5.10",
            verdict: .rejected,
            errno: 13,
            message: "R1 invalid mem access 'scalar'",
            sourceLine: "return *value;"
        ),
        Cell(
            object: "open.bpf.o",
            program: "count",
            kernel: "6.1",
            verdict: .rejected,
            errno: 13,
            message: "R1 invalid mem access 'scalar'",
            sourceLine: "return *value; @ open.c:12"
        ),
    ]

    static let missing = ["trace_open", "count"].map {
        Cell(
            object: "open.bpf.o",
            program: $0,
            kernel: "4.4",
            verdict: .infrastructure,
            message: "no kernel 4.4 in the archive"
        )
    }

    static let witnesses = [
        WitnessStatement(
            object: "open.bpf.o",
            kernel: "5.10",
            verdict: .accepted,
            output: "",
            disagreement: "bpftool loads the object although count was refused to the agent"
        ),
        WitnessStatement(object: "open.bpf.o", kernel: "6.1", verdict: .rejected, output: "failed to load"),
    ]

    static var results: MatrixResults {
        MatrixResults(
            tool: Version(name: "bpfmatrix", version: "0.1.0"),
            loader: Version(name: "libbpf", version: "1.7.0"),
            witness: Version(name: "bpftool", version: "v7.1.0"),
            compilation: Compilation(compiler: "clang 21", vmlinux: "6.12.117"),
            objects: [object],
            kernels: kernels,
            cells: cells + missing,
            bpftool: witnesses,
            summary: Summary(cells: cells + missing, witnesses: witnesses, seconds: 9.84)
        )
    }

    static func kernel(_ spec: String, _ version: String) -> TestedKernel {
        TestedKernel(
            spec: spec,
            version: version,
            release: "\(version)-test",
            digest: "00",
            source: "made up",
            accelerator: "tcg",
            bootSeconds: 2
        )
    }
}
