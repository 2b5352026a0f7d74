// SPDX-License-Identifier: Apache-2.0

import Foundation
import KernelStore
import SystemPackage
import TestKernels
import TestObjects
import Testing

/// Inputs that are made to take all the memory that there is: the command itself, under a limit.
@Suite struct HostileInputTests {
    /// KiB of data that the command may have: it needs a third of that for any object, its threads' stacks included.
    private static let limit = 400 << 10

    private func check(_ name: String, in folder: FilePath, options: String = "") async throws -> Tool.Outcome {
        let environment = ["BPFMATRIX_STORE": folder.appending("store").string]
        return try await Tool.script(
            "ulimit -d \(Self.limit); \"$bpfmatrix\" check \(name) --kernels mine \(options)",
            in: folder,
            environment: environment
        )
    }

    private func withKernel(_ body: (FilePath) async throws -> Void) async throws {
        let kernel = try await TestKernels.kernel("6.12")
        try await withScratchFolder { folder in
            let environment = ["BPFMATRIX_STORE": folder.appending("store").string]
            let image = try TestKernels.store.path(of: kernel.image).string
            let added = try await Tool.run(["kernels", "add", "mine", "--image", image], environment: environment)
            #expect(added.status == 0, "\(added.errors)")
            try await body(folder)
        }
    }

    @Test("170 000 symbols, each with a name of 4000 bytes, are checked in little memory (6.12)")
    func longNames() async throws {
        try await withKernel { folder in
            let name = [UInt8](repeating: UInt8(ascii: "A"), count: 4000)
            try folder.appending("big.o").write(HostileObject.program(symbols: 170_000, names: name + [0]) { _ in 0 })
            let outcome = try await check("big.o", in: folder)
            #expect(outcome.status == 3, "\(outcome)")
            #expect(outcome.output.contains("it was never found out what this kernel has for BPF"), "\(outcome)")
        }
    }

    @Test("a file of false beginnings is looked through in little memory (6.12)")
    func falseHeaders() async throws {
        try await withKernel { folder in
            try folder.appending("emb.bin").write(HostileObject.falseHeaders(1000))
            let outcome = try await check("emb.bin", in: folder)
            #expect(outcome.status == 1, "\(outcome)")
        }
    }
}
