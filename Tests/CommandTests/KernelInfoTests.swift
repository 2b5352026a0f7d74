// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage
import TestKernels
import Testing

@Suite struct KernelInfoTests {
    @Test("a kernel of the user's own says that nobody has asked it yet, and after --survey what it has (7.2)")
    func info() async throws {
        try await withScratchFolder { folder in
            let environment = ["BPFMATRIX_STORE": folder.appending("store").string]
            let kernel = try await TestKernels.kernel("7.2")
            let image = try TestKernels.store.path(of: kernel.image).string
            let added = try await Tool.run(["kernels", "add", "mine", "--image", image], environment: environment)
            #expect(added.status == 0, "\(added.errors)")

            let before = try await Tool.run(["kernels", "info", "mine"], environment: environment)
            #expect(before.status == 0)
            #expect(before.output.contains("not surveyed yet: bpfmatrix kernels info --survey mine\n"))
            let beforeJSON = try await json(environment)
            #expect(beforeJSON["schema"] as? String == "bpfmatrix.kernel/1")
            #expect(beforeJSON["digest"] as? String == kernel.digest)
            #expect(beforeJSON["profile"] == nil)

            let after = try await Tool.run(["kernels", "info", "--survey", "-v", "mine"], environment: environment)
            #expect(after.status == 0, "\(after.errors)")
            let lines = after.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
            #expect(lines.contains(["JIT", "on", "(1)"]))
            #expect(lines.contains { $0.starts(with: ["BPF", "LSM", "in", "force,"]) })
            #expect(lines.contains { $0.starts(with: ["program", "types", "socket_filter", "kprobe"]) })
            #expect(lines.contains { $0.starts(with: ["xdp", "map_lookup_elem"]) })
            // No configuration was given, and this kernel carries none.
            #expect(lines.contains(["configuration", "not", "told"]))
            #expect(!after.output.contains("not surveyed"))

            let profile = try #require(try await self.json(environment)["profile"] as? [String: Any])
            #expect(profile["isBPFLSMInForce"] as? Bool == true)
            #expect((profile["mapTypes"] as? [String: [String]])?["present"]?.contains("ringbuf") == true)
            #expect(profile["switches"] == nil)
        }
    }

    private func json(_ environment: [String: String]) async throws -> [String: Any] {
        let told = try await Tool.run(["kernels", "info", "mine", "--json"], environment: environment)
        #expect(told.status == 0)
        return try #require(try JSONSerialization.jsonObject(with: Data(told.output.utf8)) as? [String: Any])
    }
}
