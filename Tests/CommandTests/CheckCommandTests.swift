// SPDX-License-Identifier: Apache-2.0

import Foundation
import KernelStore
import SystemPackage
import TestKernels
import Testing

@Suite struct CheckCommandTests {
    private func json(_ folder: FilePath) throws -> [String: Any] {
        let data = try Data(contentsOf: URL(filePath: folder.appending("check.json").string))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    @Test("nothing is told of a kernel before it was surveyed, then what fits and what does not; damage is told (7.2)")
    func check() async throws {
        try await withScratchFolder { folder in
            let environment = ["BPFMATRIX_STORE": folder.appending("store").string]
            let kernel = try await TestKernels.kernel("7.2")
            let image = try TestKernels.store.path(of: kernel.image).string
            let added = try await Tool.run(["kernels", "add", "mine", "--image", image], environment: environment)
            #expect(added.status == 0, "\(added.errors)")
            func check(_ name: String, _ options: String...) async throws -> Tool.Outcome {
                let arguments = ["check", folder.appending(name).string, "--kernels", "mine"] + options
                return try await Tool.run(arguments, in: folder, environment: environment)
            }
            let good = try await CompiledFixture.object(
                "good",
                "SEC(\"kprobe/do_sys_openat2\") int open(void *context) { return bpf_get_current_pid_tgid() >> 32; }"
            )
            try folder.appending("good.o").write(good.bytes)
            let bad = try await CompiledFixture.object(
                "bad",
                """
                struct task_struct___gone { int no_such_member; } __attribute__((preserve_access_index));
                SEC("kprobe/do_sys_openat2") int guarded(void *context) {
                    struct task_struct___gone *task = (void *)bpf_get_current_task();
                    return bpf_core_field_exists(task->no_such_member) ? BPF_CORE_READ(task, no_such_member) : 0;
                }
                SEC("kprobe/do_sys_openat2") int bare(void *context) {
                    struct task_struct___gone *task = (void *)bpf_get_current_task();
                    return BPF_CORE_READ(task, no_such_member);
                }
                SEC("fentry/no_such_function") int nowhere(void *context) { return 0; }
                """
            )
            try folder.appending("bad.o").write(bad.bytes)

            let before = try await check("good.o")
            #expect(before.status == 3, "\(before.output)\(before.errors)")
            #expect(before.output.contains("it was never found out what this kernel has for BPF"))

            let surveyed = try await check("good.o", "--survey", "--min-kernel")
            #expect(surveyed.status == 0, "\(surveyed.output)\(surveyed.errors)")
            #expect(surveyed.output.contains("good.o open: fits from \(kernel.version), the oldest that was checked"))

            let failing = try await check("bad.o", "--json", "check.json")
            #expect(failing.status == 1)
            let results = try json(folder)
            #expect(results["schema"] as? String == "bpfmatrix.check/2")
            let cells = try #require(results["cells"] as? [[String: Any]])
            let predictions = Dictionary(
                cells.map { ($0["program"] as? String ?? "", $0["prediction"] as? String ?? "") }
            ) { one, _ in one }
            #expect(predictions == ["guarded": "fits", "bare": "willFail", "nowhere": "willFail"])
            #expect(failing.output.contains("will fail [relocation-without-match]  bad.c:"), "\(failing.output)")
            #expect(failing.output.contains("bad.o bare on"))
            #expect(failing.output.contains("will fail [target-missing]  bad.o nowhere on"))
            #expect(failing.output.contains("    this kernel has no function no_such_function\n"))

            let store = try KernelStore(root: folder.appending("store"))
            let added7 = try #require(try store.kernels().first)
            let profile = store.path(of: try #require(store.profileKept(of: added7)).blob)
            unlink(profile.string)
            try profile.write("rubbish")
            let damaged = try await check("good.o")
            #expect(damaged.status == 3)
            #expect(damaged.output.contains("kernels info --survey mine"), "\(damaged.output)")
        }
    }

    @Test("kernels that can't be had and files that are no objects are told")
    func badInputs() async throws {
        try await withScratchFolder { folder in
            let environment = ["BPFMATRIX_STORE": folder.appending("store").string]
            try folder.appending("text.o").write("no object")
            let none = try await Tool.run(["check", "text.o"], in: folder, environment: environment)
            #expect(none.status == 64)
            #expect(none.errors.contains("No kernel in the store"))
            let absent = try await Tool.run(
                ["check", folder.appending("nothing.o").string, "--kernels", "mine"],
                in: folder,
                environment: environment
            )
            #expect(absent.status == 1)
            #expect(absent.errors.contains("no such file or folder"))
        }
    }
}
