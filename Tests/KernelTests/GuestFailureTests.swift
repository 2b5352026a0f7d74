// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import ContentDigest
import Foundation
import GuestProtocol
import TestKernels
import Testing
import VirtualMachine

@testable import Matrix

extension RealKernels {
    /// Guests that are made to fail on purpose: each way must be told from the others.
    @Suite struct GuestFailureTests {
        private func failure(of fault: Fault, on line: String = "6.12") async throws -> MachineFailure? {
            try await withScratchFolder { folder in
                let machine = try await TestKernels.machine(line)
                do {
                    try await withVirtualMachine(machine, bootLimit: .seconds(60)) { guest in
                        try await guest.link.send(.fault(fault))
                        while true { _ = try await guest.link.next(within: .seconds(5), waitingFor: "the fault") }
                    }
                    return nil
                } catch let failure as MachineFailure {
                    return failure
                }
            }
        }

        @Test("a panic is a crash, with the kernel's last words", arguments: TestKernels.lines)
        func panic(line: String) async throws {
            let failure = try #require(try await failure(of: .panic, on: line))
            #expect(failure.kind == .crash, "\(failure)")
            guard case .panicked(let words) = failure.cause else { Issue.record("\(failure)"); return }
            #expect(words == "Kernel panic - not syncing: sysrq triggered crash")
            #expect(failure.console.contains("sysrq") || failure.console.contains("SysRq"), "\(failure.console)")
        }

        @Test("a silent guest is neither a crash nor a disconnection (6.12)")
        func hang() async throws {
            let failure = try #require(try await failure(of: .hang))
            guard case .silent = failure.cause else { Issue.record("\(failure)"); return }
            #expect(failure.kind == .silence)
        }

        @Test("an agent that exits takes its kernel with it (6.12)")
        func exit() async throws {
            let failure = try #require(try await failure(of: .exit))
            guard case .agentDied(let line) = failure.cause else { Issue.record("\(failure)"); return }
            #expect(line.contains("Attempted to kill init"))
            #expect(failure.kind == .infrastructure, "the agent's end is not the kernel's doing")
        }

        @Test("a kernel that has had a warning since it proved itself is known by it", arguments: TestKernels.lines)
        func warned(line: String) async throws {
            let machine = try await TestKernels.machine(line)
            try await withVirtualMachine(machine, bootLimit: .seconds(60)) { guest in
                let limits = ExaminationLimits()
                let release = guest.ready.release
                var session = try await GuestSession.proved(guest, limits, .onePass, .agent, release: release)
                #expect(session.signsOfDamage == nil)
                try await guest.link.send(.fault(.warning))
                try await session.prove(.agent)
                #expect(session.signsOfDamage == "a warning")
            }
        }

        @Test("what happens to a kernel while bpftool loads is seen too (6.12)")
        func warnedUnderBPFTool() async throws {
            var machine = try await TestKernels.machine("6.12")
            let bpftool = try #require(try await BPFTool.locate())
            machine.initramfs = GuestInitramfs(tools: try GuestTools(agent: TestKernels.agent, bpftool: bpftool))
            try await withVirtualMachine(machine, bootLimit: .seconds(60)) { guest in
                let limits = ExaminationLimits()
                let release = guest.ready.release
                var session = try await GuestSession.proved(guest, limits, .onePass, .bpftool, release: release)
                #expect(session.signsOfDamage == nil)
                try await guest.link.send(.fault(.warning))
                _ = try await session.testimony(on: Canary.objects.acceptable)
                #expect(session.signsOfDamage == "a warning")
            }
        }

        @Test(
            "a frame that was changed or cut on the way is infrastructure (6.12)",
            arguments: [Fault.corruptFrame, .truncatedFrame]
        )
        func brokenFrame(fault: Fault) async throws {
            let failure = try #require(try await failure(of: fault))
            #expect(failure.kind == .infrastructure, "\(failure)")
            guard case .protocolBroken = failure.cause else { Issue.record("\(failure)"); return }
        }

        @Test("an image that does not boot ends with the limit, and says so")
        func noBoot() async throws {
            try await withScratchFolder { folder in
                var machine = try await TestKernels.machine("6.12")
                // An agent that is no program can't be PID 1.
                let words = folder.appending("words")
                try words.write(Array("no program".utf8))
                machine.initramfs = GuestInitramfs(tools: try GuestTools(agent: words, bpftool: nil))
                let failure = await #expect(throws: MachineFailure.self) {
                    try await withVirtualMachine(machine, bootLimit: .seconds(60)) { _ in }
                }
                #expect(failure?.kind == .crash, "\(String(describing: failure))")
            }
        }

        @Test("an agent that can't go on says why (6.12)")
        func agentGivesUp() async throws {
            try await withScratchFolder { folder in
                var machine = try await TestKernels.machine("6.12")
                let module = folder.appending("broken.ko")
                try module.write(Array("no module".utf8))
                let tools = try GuestTools(agent: TestKernels.agent, bpftool: nil)
                let digest = ContentDigest(of: Array("no module".utf8))
                machine.initramfs = GuestInitramfs(
                    tools: tools,
                    modules: [.init(name: "broken.ko", path: module, digest: digest)]
                )
                let failure = await #expect(throws: MachineFailure.self) {
                    try await withVirtualMachine(machine, bootLimit: .seconds(60)) { _ in }
                }
                #expect(
                    failure?.cause == .agentGaveUp("cannot load /modules/00-broken.ko: Exec format error"),
                    "\(String(describing: failure))"
                )
            }
        }

        @Test("a QEMU that is not there, or refuses its arguments, is infrastructure")
        func noQEMU() async throws {
            try await withScratchFolder { folder in
                var machine = try await TestKernels.machine("6.12")
                machine.qemu = "no-such-qemu"
                let missing = await #expect(throws: MachineFailure.self) {
                    try await withVirtualMachine(machine, bootLimit: .seconds(10)) { _ in }
                }
                #expect(missing?.kind == .infrastructure)
                machine.qemu = "qemu-system-x86_64"
                machine.kernel.image = folder.appending("nothing")
                let refused = await #expect(throws: MachineFailure.self) {
                    try await withVirtualMachine(machine, bootLimit: .seconds(10)) { _ in }
                }
                #expect(refused.map { "\($0)" }?.contains("nothing") == true, "\(String(describing: refused))")
            }
        }

        @Test("a run that is cancelled leaves no QEMU and no files behind (6.12)")
        func cancellation() async throws {
            try await withScratchFolder { folder in
                var machine = try await TestKernels.machine("6.12")
                let marker = "test=\(folder.lastComponent?.string ?? "")"
                machine.extraKernelArguments = [marker]
                let (ready, continuation) = AsyncStream.makeStream(of: Void.self)
                let task = Task {
                    try await withVirtualMachine(machine, bootLimit: .seconds(60)) { _ in
                        continuation.yield()
                        try await Task.sleep(for: .seconds(600))
                    }
                }
                for await _ in ready { break }
                #expect(Processes.withArgument(marker).count == 1)
                task.cancel()
                _ = await task.result
                #expect(Processes.withArgument(marker).isEmpty)
            }
        }
    }
}
