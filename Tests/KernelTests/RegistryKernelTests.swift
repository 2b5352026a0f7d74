// SPDX-License-Identifier: Apache-2.0

import Foundation
import KernelStore
import Matrix
import SystemPackage
import TestKernels
import TestServers
import Testing

extension RealKernels {
    @Suite struct RegistryKernelTests {
        @Test("a kernel that was pulled out of an image boots, tells good from bad, and gives verdicts (6.1)")
        func boot() async throws {
            try await withScratchFolder { folder in
                let kernel = try await TestKernels.kernel("6.1")
                let image = try await KernelImage.littleVMHelper(kernel, in: folder)
                let store = try KernelStore(root: folder.appending("store"))
                try await RealRegistry.with(in: folder) { server in
                    try await server.push(image, to: "lvh/kernels", tag: "6.1-20240701.123456")
                    let source = try RegistrySource(name: "lvh", address: "127.0.0.1:\(server.port)/lvh/kernels")
                    let pulled = try await store.pull(
                        .line("6.1"),
                        from: source,
                        environment: ["DOCKER_CONFIG": "/nonexistent"]
                    ) { _ in }
                    #expect(pulled.digest == kernel.digest)
                    #expect(pulled.modules == kernel.modules)
                    #expect(pulled.btf == kernel.btf)
                    let object = try await CompiledFixture.object("good", Programs.accepted)
                    let results = try await TestKernels.run(
                        [object],
                        on: [.available(spec: "lvh:6.1", pulled)],
                        options: RunOptions(accelerator: .tcg),
                        store: store
                    )
                    #expect(results.verdict("good", on: "lvh:6.1") == .accepted, "\(results.cells)")
                }
            }
        }
    }
}
