// SPDX-License-Identifier: Apache-2.0

import BPFObject
import ChildProcess
import Compiler
import Foundation
import SystemPackage
import TestKernels
import Testing

/// What people get wrong, or what goes wrong for them: one clear line first, the right exit status, no VM.
@Suite struct BadInputTests {
    private func expect(
        _ arguments: [String],
        status: Int,
        says words: String,
        environment: [String: String] = [:],
        in folder: FilePath? = nil
    ) async throws {
        let outcome = try await Tool.run(arguments, in: folder, environment: environment)
        #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
        #expect(outcome.errors.contains(words), "\(arguments): \(outcome.errors)")
        #expect(!outcome.output.contains("accepted"))
    }

    @Test("wrong usage is 64 and says what is right")
    func usage() async throws {
        try await expect(["test"], status: 64, says: "Missing expected argument")
        try await expect(
            ["test", "x.c", "--loader", "nobody"],
            status: 64,
            says: "'agent', 'bpftool', 'image' or 'both'"
        )
        try await expect(["test", "x.c", "--jobs", "0"], status: 64, says: "--jobs must be at least 1")
        try await expect(["nonsense"], status: 64, says: "nonsense")
    }

    @Test("what another architecture's guests can't do is said before anything is fetched")
    func architecture() async throws {
        let arm = ["test", "x.c", "--kernels", "6.1", "--arch", "arm64"]
        try await expect(arm + ["--loader", "agent"], status: 64, says: "the agent is built for this host only")
        try await expect(arm + ["--loader", "both"], status: 64, says: "the agent is built for this host only")
        try await expect(arm + ["--image", "base"], status: 64, says: "--image can't go with --arch arm64")
        try await expect(arm + ["--accel", "kvm"], status: 64, says: "--accel kvm can't go with --arch arm64")
        try await expect(["test", "x.c", "--arch", "vax"], status: 64, says: "vax")
    }

    @Test("files that can't be tested are all named at once")
    func files() async throws {
        _ = try await TestKernels.kernel("6.12")
        try await withScratchFolder { folder in
            try folder.appending("words.o").write("just words")
            var builder = ObjectBuilder()
            builder.add("p", section: "socket", [.move(0, 0), .exit])
            let object = builder.build()
            try folder.appending("cut.o").write(Array(object.dropLast(50)))
            try folder.appending("broken.c").write("int main(void) { return nothing; }\n")
            let arguments = ["test", folder.string, "--kernels", "6.12"]
            try await expect(arguments, status: 1, says: "words.o: not an ELF file")
            for command in ["test", "check"] {
                let json = folder.appending("\(command).json").string
                let outcome = try await Tool.run([command, folder.string, "--kernels", "6.12", "--json", json])
                #expect(outcome.status == 1)
                // Whoever reads results finds a row for each, though no kernel was asked.
                let text = String(decoding: try FilePath(json).contents, as: UTF8.self)
                for code in ["not-an-object", "not-compiled"] { #expect(text.contains("\"\(code)\""), "\(command)") }
            }
            try await expect(arguments, status: 1, says: "cut.o: ")
            try await expect(arguments, status: 1, says: "broken.c:1:25: error: use of undeclared identifier 'nothing'")
            try await expect(
                ["test", "/no/such/file", "--kernels", "6.12"],
                status: 1,
                says: "/no/such/file: no such file"
            )
            try await expect(
                ["test", "/bin/true", "--kernels", "6.12"],
                status: 1,
                says: "without a BPF object inside"
            )
        }
    }

    @Test("sources whose objects would overwrite each other are refused")
    func sameObject() async throws {
        try await withScratchFolder { folder in
            try folder.appending("x.c").write("int a;\n")
            try folder.appending("x.bpf.c").write("int b;\n")
            let both = ["x.c", "x.bpf.c"].map { folder.appending($0).string }
            try await expect(["compile"] + both, status: 64, says: "would both become", environment: [:])
            #expect(!FileManager.default.fileExists(atPath: folder.appending("x.bpf.o").string))
        }
    }

    @Test("an object without type information is refused by libbpf where it needs some, and says so")
    func withoutBTF() async throws {
        try await withScratchFolder { folder in
            // A map in .maps is described by BTF alone, which clang writes only with -g.
            let source = folder.appending("bare.c")
            try source.write(
                """
                #define SEC(name) __attribute__((section(name), used))
                struct { int (*type)[2]; int (*max_entries)[1]; unsigned *key; unsigned *value; } table SEC(".maps");
                static void *(*lookup)(void *, const void *) = (void *)1;
                SEC("kprobe/vfs_open") int p(void *ctx) { unsigned k = 0; return lookup(&table, &k) != 0; }
                char LICENSE[] SEC("license") = "GPL";
                """
            )
            let path = folder.appending("bare.o")
            let clang = try await Clang.locate()
            let arguments = ["-target", "bpf", "-O2", "-c", source.string, "-o", path.string]
            let compiled = try await Command(clang.path.string, arguments).run(within: .seconds(60))
            #expect(compiled.ending.isSuccess, "\(compiled.errorText)")
            _ = try await TestKernels.kernel("6.12")
            let outcome = try await Tool.run(["test", path.string, "--kernels", "6.12", "--accel", "tcg"])
            #expect(outcome.status == 1)
            #expect(outcome.output.contains("✗ object"))
            #expect(outcome.output.contains("BTF is required, but is missing or corrupted"), "\(outcome.output)")
        }
    }

    @Test("kernels that can't be had, images that are none, results that can't be written")
    func kernels() async throws {
        try await withScratchFolder { folder in
            let store = ["BPFMATRIX_STORE": folder.appending("store").string]
            try folder.appending("image").write("just words")
            let add = ["kernels", "add", "mine", "--image", folder.appending("image").string]
            try await expect(add, status: 3, says: "neither a bzImage nor an ELF file", environment: store)
            try await expect(
                ["kernels", "info", "6.1"],
                status: 3,
                says: "no kernel 6.1 in the store",
                environment: store
            )
            try await expect(
                ["kernels", "remove", "x"],
                status: 3,
                says: "no kernel x in the store",
                environment: store
            )
            try folder.appending("p.c").write("int x;\n")
            let test = ["test", folder.appending("p.c").string]
            try await expect(test, status: 64, says: "No kernel in the store", environment: store)
            let json = test + ["--kernels", "6.12", "--json", "/no/such/folder/r.json"]
            try await expect(
                json,
                status: 3,
                says: "cannot write the results to /no/such/folder/r.json",
                environment: store
            )
            try await expect(
                test + ["--kernels", "6.12", "--json", folder.string],
                status: 3,
                says: "it is a folder",
                environment: store
            )
            let nowhere = ["BPFMATRIX_STORE": "/proc/nowhere"]
            try await expect(["kernels", "list"], status: 3, says: "BPFMATRIX_STORE", environment: nowhere)
        }
    }

    @Test("a mirror that does not answer is told, and the column has no verdict")
    func mirror() async throws {
        try await withScratchFolder { folder in
            let environment = [
                "BPFMATRIX_STORE": folder.appending("store").string, "BPFMATRIX_DEBIAN_MIRROR": "http://127.0.0.1:1/",
            ]
            try await expect(["kernels", "pull", "6.1"], status: 3, says: "can't be read", environment: environment)
            var builder = ObjectBuilder()
            builder.add("p", section: "socket", [.move(0, 0), .exit])
            try folder.appending("p.o").write(builder.build())
            let outcome = try await Tool.run(
                ["test", folder.appending("p.o").string, "--kernels", "6.1"],
                environment: environment
            )
            #expect(outcome.status == 3)
            #expect(outcome.output.contains("? no verdict"))
            #expect(outcome.output.contains("127.0.0.1:1"))
        }
    }

    @Test("room that runs out is told, and the store holds nothing half")
    func noRoom() async throws {
        try await withScratchFolder { folder in
            let store = folder.appending("store")
            let kernel = try await TestKernels.kernel("6.12")
            let image = try TestKernels.store.path(of: kernel.image)
            // No file may grow beyond 2 MB, which fails as a full disk does: in the middle of a write.
            let limited = "trap '' XFSZ; ulimit -f 4000; exec \"$@\""
            let arguments = ["kernels", "add", "mine", "--image", image.string]
            let command = Command(
                "sh",
                ["-c", limited, "sh", Tool.path.string] + arguments,
                environment: ["BPFMATRIX_STORE": store.string]
            )
            let outcome = try await command.run(within: .seconds(60))
            #expect(outcome.ending == .exited(3), "\(outcome.errorText)")
            #expect(outcome.errorText.contains("bpfmatrix: "))
            for part in ["kernels", "blobs", "tmp"] {
                let left = try FileManager.default.contentsOfDirectory(atPath: store.appending(part).string)
                #expect(left.isEmpty, "\(part): \(left)")
            }
            // The same again with room enough.
            let again = try await Tool.run(arguments, environment: ["BPFMATRIX_STORE": store.string])
            #expect(again.status == 0, "\(again.errors)")
        }
    }
}
