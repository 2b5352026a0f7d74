// SPDX-License-Identifier: Apache-2.0

import Foundation
import KernelProfile
import KernelStore
import Results
import Synchronization
import SystemPackage
import TestKernels
import Testing
import VirtualMachine

@testable import Matrix

extension RealKernels {
    /// What real kernels say of themselves, against what is known of them from their sources.
    @Suite struct SurveyTests {
        private final class Log: Sendable {
            // A lock, since a preparation reports from wherever it runs; held for one access.
            private let events = Mutex<[RunEvent]>([])

            func add(_ event: RunEvent) { events.withLock { $0.append(event) } }

            var surveys: Int {
                events.withLock { events in
                    events.count { event in
                        guard case .working(let text, _) = event else { return false }
                        return text.contains("finding out")
                    }
                }
            }

            var notes: [RunEvent] {
                events.withLock { events in
                    events.filter { event in
                        guard case .note = event else { return false }
                        return true
                    }
                }
            }
        }

        /// A store of the test's own with one kernel.
        private func withKernel(
            _ line: String,
            _ body: (KernelStore, Kernel) async throws -> Void
        ) async throws {
            try await withScratchFolder { folder in
                let kernel = try await TestKernels.kernel(line)
                let source = try TestKernels.store
                let modules = folder.appending("modules")
                try FileManager.default.createDirectory(atPath: modules.string, withIntermediateDirectories: true)
                for module in kernel.modules {
                    try modules.appending(module.name).write(try source.path(of: module.blob).contents)
                }
                let store = try KernelStore(root: folder.appending("store"))
                let added = try await store.add(
                    "mine",
                    image: source.path(of: kernel.image),
                    modules: modules,
                    config: kernel.config.map { source.path(of: $0) }
                )
                try await body(store, added)
            }
        }

        // Numbers out of linux/bpf.h, which never change.
        private enum Helper {
            static let mapLookup: UInt32 = 1
            static let readProbe: UInt32 = 4
            static let redirectMap: UInt32 = 51
            static let bind: UInt32 = 64
            static let seqPrintf: UInt32 = 126
            static let copyFromUser: UInt32 = 148
            static let loop: UInt32 = 181
        }
        private enum Program {
            static let kprobe: UInt32 = 2
            static let xdp: UInt32 = 6
            static let address: UInt32 = 18
            static let tracing: UInt32 = 26
            static let lsm: UInt32 = 29
            static let netfilter: UInt32 = 32
        }
        private enum Attach {
            static let bind4: UInt32 = 8
            static let connect4: UInt32 = 10
            static let fentry: UInt32 = 24
            static let iterator: UInt32 = 28
        }

        @Test(
            "a kernel is surveyed once, what it says is true of it, and it goes with the kernel",
            arguments: ["5.10", "7.2"]
        )
        func survey(line: String) async throws {
            try await withKernel(line) { store, kernel in
                let supply = try await TestKernels.supply(of: store)
                let options = RunOptions(accelerator: .tcg)
                let log = Log()
                try await supply.prepare(kernel, options) { log.add($0) }
                #expect(log.surveys == 1)
                #expect(log.notes.isEmpty, "\(log.notes)")
                let template = try #require(supply.templates.templates().first)

                let profile = try #require(try await store.profile(of: kernel))
                #expect(profile.facts.gaps.isEmpty, "\(profile.facts.gaps)")
                expectWhatAllHave(profile)
                if line == "5.10" { expectOld(profile) } else { expectNew(profile) }
                // The guest's own types are those that the store took out of the image: nothing is kept twice.
                let blobs = try FileManager.default.contentsOfDirectory(atPath: store.root.appending("blobs").string)
                let parts =
                    [kernel.image]
                    + [kernel.uncompressed, kernel.config, kernel.btf].compactMap { $0 }
                // Of all modules, where the kernel came with some, an archive and an index.
                let sets = kernel.allModules?.contents == nil ? 0 : 2
                #expect(blobs.count == parts.count + kernel.modules.count + sets + 1)

                try await supply.prepare(kernel, options) { log.add($0) }
                #expect(log.surveys == 1)
                // The same one: a survey leaves nothing in it, and is no reason to make another.
                #expect(supply.templates.templates().map(\.description) == [template.description])

                try await store.remove("mine")
                #expect(store.profileKept(of: kernel) == nil)
                #expect(try FileManager.default.contentsOfDirectory(atPath: store.root.appending("blobs").string) == [])
            }
        }

        private func expectWhatAllHave(_ profile: KernelProfile) {
            #expect(profile.kprobe("do_sys_openat2") == .present)
            #expect(profile.fentry("do_sys_openat2") == .present)
            #expect(profile.kprobe("no_such_function") == .absent)
            // One of several names of one address, another of which ftrace lists.
            #expect(profile.kprobe("__x64_sys_getpid") == .present)
            // Everything in lib/ is built without ftrace's calls, and Debian lets no probes in there.
            #expect(profile.function("string_escape_mem")?.properties.contains(.traceable) == false)
            #expect(profile.kprobe("string_escape_mem") == .absent)
            // An exception's entry: in the text, and on the blacklist.
            #expect(profile.function("asm_exc_page_fault")?.properties.contains(.symbol) == true)
            #expect(profile.kprobe("asm_exc_page_fault") == .absent)
            // Freed after the start (init/main.c, __init).
            #expect(profile.function("start_kernel") == nil)
            #expect(profile.traceEvent("syscalls", "sys_enter_openat") == .present)
            #expect(profile.traceEvent("sched", "sched_switch") == .present)
            #expect(profile.rawTracepoint("sched_switch") == .present)
            #expect(profile.hookExists("file_open") == .present)
            #expect(profile.hookExists("func_proto") == .absent)
            #expect(profile.facts.jit == 1)
            #expect(profile.facts.lockdown == "none")
            #expect(profile.configuration?.value(of: "CONFIG_BPF_SYSCALL") == "y")
            #expect(profile.programType(Program.xdp) == .present)
            #expect(profile.mapType(27) == .present, "ringbuf, since 5.8")
            #expect(profile.mapType(26) == .present, "struct_ops, since 5.6")
            #expect(profile.helper(Helper.mapLookup, programType: Program.kprobe) == .present)
            #expect(profile.helper(Helper.readProbe, programType: Program.kprobe) == .present)
            #expect(profile.helper(Helper.readProbe, programType: Program.xdp) == .absent)
            #expect(profile.helper(Helper.redirectMap, programType: Program.xdp) == .present)
            #expect(profile.helper(Helper.redirectMap, programType: Program.kprobe) == .absent)
            // On these the kernel decides by what the program is loaded for.
            #expect(profile.helper(Helper.bind, programType: Program.address, attachType: Attach.connect4) == .present)
            #expect(profile.helper(Helper.bind, programType: Program.address, attachType: Attach.bind4) == .absent)
            #expect(
                profile.helper(Helper.seqPrintf, programType: Program.tracing, attachType: Attach.iterator) == .present
            )
            #expect(
                profile.helper(Helper.seqPrintf, programType: Program.tracing, attachType: Attach.fentry) == .absent
            )
            let mayNotSleep = profile.helper(
                Helper.copyFromUser,
                programType: Program.tracing,
                attachType: Attach.fentry,
                isSleepable: false
            )
            #expect(mayNotSleep == .absent)
            // Those of the program that it extends: there is nothing to try.
            #expect(profile.helper(Helper.mapLookup, programType: 28) == .notKnown)
            #expect((profile.functionCount ?? 0) > 20_000)
            #expect((profile.fentryCount ?? 0) > 20_000)
        }

        private func expectOld(_ profile: KernelProfile) {
            #expect(profile.mapType(30) == .absent, "bloom_filter, since 5.16")
            #expect(profile.programType(Program.netfilter) == .absent, "since 6.4")
            #expect(profile.helper(Helper.loop, programType: Program.kprobe) == .absent, "since 5.17")
            #expect(profile.kfunc("bpf_task_release") == .notKnown, "no tags in its BTF")
            for instruction in KernelInstruction.allCases {
                #expect(profile.instruction(instruction) == .absent, "\(instruction) came later")
            }
            // Built, but not in force: Debian names no `bpf` among its security modules.
            #expect(profile.hook("file_open") == .absent)
            #expect(profile.function("vring_del_virtqueue")?.module == "virtio_ring")
        }

        private func expectNew(_ profile: KernelProfile) {
            #expect(profile.mapType(30) == .present)
            #expect(profile.programType(Program.netfilter) == .present)
            #expect(profile.helper(Helper.loop, programType: Program.kprobe) == .present)
            #expect(profile.kfunc("bpf_task_release") == .present)
            #expect(profile.kfunc("commit_creds") == .absent)
            for instruction in KernelInstruction.allCases {
                #expect(profile.instruction(instruction) == .present, "\(instruction)")
            }
            #expect(profile.hook("file_open") == .present)
            let maySleep = profile.helper(
                Helper.copyFromUser,
                programType: Program.lsm,
                isSleepable: true
            )
            #expect(maySleep == .present)
        }

        @Test("where no survey can be had nothing is kept, it is told, and the next preparation takes it (7.2)")
        func failing() async throws {
            try await withKernel("7.2") { store, kernel in
                let supply = try await TestKernels.supply(of: store)
                let options = RunOptions(accelerator: .tcg)
                try await supply.guests(of: kernel, .tcg, options) { _ in }.makeTemplate()
                // No guest proves itself in no time.
                var hasty = options
                hasty.limits.program = .zero
                let log = Log()
                try await supply.prepare(kernel, hasty) { log.add($0) }
                #expect(log.surveys == 1)
                #expect(log.notes.count { "\($0)".contains("could not be found out") } == 1, "\(log.notes)")
                #expect(try await store.profile(of: kernel) == nil)

                try await supply.prepare(kernel, options) { log.add($0) }
                #expect(log.surveys == 2)
                #expect(try await store.profile(of: kernel)?.facts.release == kernel.release)
            }
        }

        @Test("a guest that panics in the middle of a survey is no account of its kernel (7.2)")
        func panic() async throws {
            let supply = try await TestKernels.supply(of: TestKernels.store)
            let guests = supply.guests(of: try await TestKernels.kernel("7.2"), .tcg, RunOptions()) { _ in }
            let error = await #expect(throws: MachineFailure.self) {
                try await guests.withGuest { machine in
                    try await machine.link.send(.fault(.panic))
                    _ = try await KernelSurvey.take(of: machine, limit: .seconds(30))
                }
            }
            guard case .panicked = try #require(error).cause else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }
}
