// SPDX-License-Identifier: Apache-2.0

import Foundation
import Reports
import Results
import SystemPackage
import TestKernels
import TestServers
import Testing

/// A machine whose apt knows no Debian archive: kernels come from a registry, as its configuration says.
@Suite struct SourcesTests {
    private struct Place: Sendable {
        let folder: FilePath
        let environment: [String: String]

        func tool(_ arguments: String...) async throws -> Tool.Outcome {
            try await Tool.run(arguments, in: folder, environment: environment)
        }
    }

    private func withRegistry(
        of kernels: [(line: String, tag: String)],
        _ body: @escaping @Sendable (Place) async throws -> Void
    ) async throws {
        try await withScratchFolder { folder in
            try await RealRegistry.with(in: folder) { server in
                for (line, tag) in kernels {
                    let kernel = try await TestKernels.kernel(line)
                    let image = try await KernelImage.littleVMHelper(kernel, in: folder)
                    try await server.push(image, to: "lvh/kernels", tag: tag)
                }
                let configuration = folder.appending("config.yaml")
                try configuration.write(
                    "sources:\n  - name: mirror\n    registry: 127.0.0.1:\(server.port)/lvh/kernels\n"
                )
                let environment = [
                    "BPFMATRIX_CONFIG": configuration.string, "BPFMATRIX_STORE": folder.appending("store").string,
                    "DOCKER_CONFIG": "/nonexistent",
                ]
                try await body(Place(folder: folder, environment: environment))
            }
        }
    }

    @Test(
        "lines come out of the registry, are pinned by their digests, and are the same after they were removed (6.1, 6.12)"
    )
    func registry() async throws {
        try await withRegistry(of: [("6.1", "6.1-20261101.120000"), ("6.12", "6.12-main")]) { place in
            try place.folder.appending("good.bpf.c").write(
                """
                #include <linux/bpf.h>
                #include <bpf/bpf_helpers.h>
                SEC("socket") int good(void *ctx) { return 0; }
                char LICENSE[] SEC("license") = "GPL";
                """
            )
            let first = try await place.tool("test", "good.bpf.c", "--kernels", "6.1,6.12", "--accel", "tcg")
            #expect(first.status == 0, "\(first.output)\(first.errors)")
            #expect(first.output.contains("2 of 2 accepted"))
            let pinned = try await place.tool("kernels", "lock", "6.1")
            #expect(pinned.status == 0, "\(pinned.errors)")
            let lock = String(decoding: try place.folder.appending("bpfmatrix.lock").contents, as: UTF8.self)
            #expect(lock.contains("/lvh/kernels@sha256:"))
            let name = try #require(
                try await place.tool("kernels", "list").output.split(separator: " ").first {
                    $0.hasPrefix("mirror-6.1.")
                }
            )
            #expect(try await place.tool("kernels", "remove", String(name)).status == 0)
            let again = try await place.tool("kernels", "pull", "6.1", "--no-boot")
            #expect(again.status == 0 && again.output.contains(name))
            let doctor = try await place.tool("doctor")
            #expect(doctor.output.contains("source mirror: 127.0.0.1") && !doctor.output.contains("source debian"))
        }
    }

    @Test(
        "a tag that does not exist is told with those that do, and an image of another line is never passed off (6.1)"
    )
    func wrong() async throws {
        try await withRegistry(of: [("6.1", "6.6-20261101.120000")]) { place in
            let missing = try await place.tool("kernels", "pull", "5.15")
            #expect(missing.status == 3)
            #expect(
                missing.errors.contains("no kernel 5.15 in mirror") && missing.errors.contains("What is there: 6.6")
            )
            let liar = try await place.tool("kernels", "pull", "6.6")
            #expect(liar.status == 3)
            #expect(
                liar.errors.contains("has kernel 6.1.") && liar.errors.contains("6.6 was asked for"),
                "\(liar.errors)"
            )
            #expect(try await place.tool("kernels", "list").output.contains("no kernels yet"))
            let unknown = try await place.tool("kernels", "pull", "lvh:6.6")
            #expect(unknown.errors.contains("no source of kernels is called lvh; there are: mirror"))
        }
    }

    @Test(
        "a kernel with a question mark that no source has is a note and no column; a store may be a relative path (6.1)"
    )
    func optional() async throws {
        try await withRegistry(of: [("6.1", "6.1-20261101.120000")]) { registry in
            let place = Place(
                folder: registry.folder,
                environment: registry.environment.merging(["BPFMATRIX_STORE": "store"]) { $1 }
            )
            try place.folder.appending("good.bpf.c").write(
                """
                #include <linux/bpf.h>
                #include <bpf/bpf_helpers.h>
                SEC("socket") int good(void *ctx) { return 0; }
                char LICENSE[] SEC("license") = "GPL";
                """
            )
            let note = "note: 5.15 is left out: no kernel 5.15 in mirror"
            let run = try await place.tool(
                "test",
                "good.bpf.c",
                "--kernels",
                "5.15?,6.1",
                "--loader",
                "agent",
                "--accel",
                "tcg",
                "--json",
                "r.json"
            )
            #expect(run.status == 0, "\(run.output)\(run.errors)")
            #expect(run.output.contains(note) && run.output.contains("1 of 1 accepted"), "\(run.output)")
            let results = try JSONReport.results(Data(try place.folder.appending("r.json").contents))
            #expect(results.kernels.map(\.spec) == ["6.1"])
            #expect(FileManager.default.fileExists(atPath: place.folder.appending("store/blobs").string))
            // Required, it is a column without verdicts; and a run without any kernel has none.
            for kernels in ["5.15,6.1", "5.15?"] {
                let refused = try await place.tool("test", "good.bpf.c", "--kernels", kernels, "--loader", "agent")
                #expect(refused.status == 3, "\(kernels): \(refused.output)\(refused.errors)")
            }
            let checked = try await place.tool("check", "good.bpf.c", "--kernels", "5.15?,6.1")
            #expect(
                checked.output.contains(note) && checked.output.contains("6.1."),
                "\(checked.output)\(checked.errors)"
            )
            #expect(try await place.tool("check", "good.bpf.c", "--kernels", "5.15?").status == 3)
            let pulled = try await place.tool("kernels", "pull", "5.15?", "6.1", "--no-boot")
            #expect(pulled.status == 0 && pulled.errors.contains(note), "\(pulled.errors)")
            #expect(try await place.tool("kernels", "pull", "5.15?").status == 3)
            let locked = try await place.tool("kernels", "lock", "5.15?", "6.1")
            #expect(locked.status == 0 && locked.errors.contains(note), "\(locked.errors)")
            let lock = String(decoding: try place.folder.appending("bpfmatrix.lock").contents, as: UTF8.self)
            #expect(lock.contains("\"6.1\"") && !lock.contains("5.15"))
            let pinned = try await place.tool("test", "good.bpf.c", "--kernels", "5.15?,6.1", "--loader", "agent")
            #expect(pinned.status == 0, "\(pinned.output)\(pinned.errors)")
            #expect(try await place.tool("kernels", "lock", "--lock", "other", "5.15?").status == 3)
            #expect(!FileManager.default.fileExists(atPath: place.folder.appending("other").string))
        }
    }

    @Test("remove and info understand the same words (6.1)")
    func words() async throws {
        try await withRegistry(of: [("6.1", "6.1-20261101.120000")]) { place in
            #expect(try await place.tool("kernels", "pull", "6.1", "--no-boot").status == 0)
            let known = try await place.tool("kernels", "info", "6.1")
            let name = known.output.split(separator: "\n").first?.split(separator: " ").last.map(String.init) ?? ""
            #expect(name.hasPrefix("mirror-6.1."), "\(known.output)\(known.errors)")
            #expect(try await place.tool("kernels", "remove", "6.2").status == 3)
            let removed = try await place.tool("kernels", "remove", "mirror:6.1")
            #expect(removed.output == "removed \(name)\n", "\(removed.errors)")
            #expect(try await place.tool("kernels", "info", "6.1").errors.contains("no kernel 6.1 in the store"))
        }
    }
}
