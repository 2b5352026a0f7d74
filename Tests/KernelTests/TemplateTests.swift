// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import GuestProtocol
import KernelStore
import Results
import Synchronization
import SystemPackage
import TestKernels
import Testing
import VirtualMachine

@testable import Matrix

extension RealKernels {
    /// Guests that are saved and restored, and everything that can go wrong with that.
    @Suite struct TemplateTests {
        /// What a source of guests has reported.
        private final class Log: Sendable {
            // A lock, since lanes report from wherever they run; held for one access.
            private let events = Mutex<[GuestSource.Event]>([])

            func add(_ event: GuestSource.Event) { events.withLock { $0.append(event) } }

            var boots: Int {
                events.withLock { events in
                    events.count { event in
                        guard case .booting = event else { return false }
                        return true
                    }
                }
            }

            var notes: [String] {
                events.withLock { events in
                    events.compactMap { event in
                        guard case .note(let text) = event else { return nil }
                        return text
                    }
                }
            }
        }

        private struct Fixture {
            let root: FilePath
            let log = Log()
            var line = "6.12"

            var store: TemplateStore { TemplateStore(root: root) }

            func source(_ change: (inout MachineConfiguration) -> Void = { _ in }) async throws -> GuestSource {
                var machine = try await TestKernels.machine(line)
                change(&machine)
                return GuestSource(
                    machine,
                    templates: store,
                    limits: StartLimits(restore: .seconds(10)),
                    prepare: { _ in },
                    report: { log.add($0) }
                )
            }

            /// Whether a guest can be had and asked, and whether it was restored.
            func answer(_ source: GuestSource) async throws -> Bool {
                let begin = Int64(Date().timeIntervalSince1970)
                return try await source.withGuest { machine in
                    let clock = begin - 1...Int64(Date().timeIntervalSince1970) + 1
                    #expect(clock.contains(machine.ready.seconds), "the guest's clock is not the host's")
                    try await machine.link.send(.warmUp)
                    guard case .warm = try await machine.link.next(within: .seconds(10), waitingFor: "an answer") else {
                        return false
                    }
                    return machine.isRestored
                }
            }

            func file(_ name: String) throws -> FilePath {
                let names = try FileManager.default.contentsOfDirectory(atPath: root.string)
                let template = try #require(names.first { $0.count == 64 })
                return root.appending(template).appending(name)
            }
        }

        @Test("a guest is booted once and restored from then on, with a clock of today", arguments: TestKernels.lines)
        func restore(line: String) async throws {
            try await withScratchFolder { folder in
                let fixture = Fixture(root: folder.appending("t"), line: line)
                let source = try await fixture.source()
                for _ in 0..<3 {
                    let isRestored = try await fixture.answer(source)
                    #expect(isRestored)
                }
                #expect(fixture.log.boots == 1)
                #expect(fixture.log.notes.isEmpty, "\(fixture.log.notes)")
                let templates = fixture.store.templates()
                #expect(templates.count == 1)
                // What the guest never touched takes no room.
                #expect((templates.first?.bytesOnDisk ?? .max) < 300 << 20)
            }
        }

        /// Times, and addresses of the kernel's own, are another's in each boot.
        private static var volatile: Regex<Substring> { #/verification time \d+ usec|0xff[0-9a-f]{14}/# }

        @Test("a verdict from a restored guest is the one from a booted one, log and statistics included (6.1)")
        func sameWords() async throws {
            let object = try await CompiledFixture.object("both", Programs.accepted + Programs.nullDereference)
            let kernels = try await TestKernels.selected(["6.1"])
            let restored = try await TestKernels.run([object], on: kernels, options: RunOptions(loader: .agent))
            let cold = RunOptions(loader: .agent, isCold: true)
            let booted = try await TestKernels.run([object], on: kernels, options: cold)
            #expect(restored.kernels.map(\.isRestored) == [true])
            #expect(booted.kernels.map(\.isRestored) == [false])
            for (one, other) in zip(restored.cells, booted.cells) {
                #expect(one.verdict == other.verdict && one.errno == other.errno)
                #expect(one.log?.replacing(Self.volatile, with: "") == other.log?.replacing(Self.volatile, with: ""))
            }
        }

        @Test("a kernel started uncompressed says what it says started as delivered", arguments: TestKernels.lines)
        func sameKernel(line: String) async throws {
            let object = try await CompiledFixture.object("both", Programs.accepted + Programs.nullDereference)
            let kernel = try await TestKernels.kernel(line)
            #expect(kernel.uncompressed != nil)
            var record = try #require(
                try JSONSerialization.jsonObject(with: JSONEncoder().encode(kernel)) as? [String: Any]
            )
            record["uncompressed"] = nil
            let data = try JSONSerialization.data(withJSONObject: record)
            let delivered = try JSONDecoder().decode(Kernel.self, from: data)
            #expect(delivered.bootImage == kernel.image)
            let cold = RunOptions(loader: .agent, isCold: true)
            let kernels: [SelectedKernel] = [
                .available(spec: "as delivered", delivered), .available(spec: "uncompressed", kernel),
            ]
            let results = try await TestKernels.run([object], on: kernels, options: cold)
            for program in object.contents.programs.map(\.name) {
                let one = try #require(results.cell(program, on: "as delivered"))
                let other = try #require(results.cell(program, on: "uncompressed"))
                #expect(one.verdict.isVerdict && one.verdict == other.verdict && one.errno == other.errno)
                #expect(one.log?.replacing(Self.volatile, with: "") == other.log?.replacing(Self.volatile, with: ""))
            }
        }

        @Test(
            "a template that is cut, in its memory or its state, is made anew (6.12)",
            arguments: ["memory", "state"]
        )
        func truncated(name: String) async throws {
            try await withScratchFolder { folder in
                let fixture = Fixture(root: folder.appending("t"))
                let source = try await fixture.source()
                _ = try await fixture.answer(source)
                let path = try fixture.file(name)
                #expect(truncate(path.string, 100_000) == 0)
                // What is no template any more is in nobody's count, and goes all the same.
                #expect(fixture.store.templates().isEmpty)
                let isRestored = try await fixture.answer(source)
                #expect(isRestored)
                #expect(fixture.log.boots == 2)
                let again = try fixture.file(name)
                #expect(truncate(again.string, 100_000) == 0)
                fixture.store.collect()
                #expect(!FileManager.default.fileExists(atPath: again.string))
            }
        }

        @Test("a template whose memory is not a guest's is given up for a fresh one (6.12)")
        func emptied() async throws {
            try await withScratchFolder { folder in
                let fixture = Fixture(root: folder.appending("t"))
                let source = try await fixture.source()
                _ = try await fixture.answer(source)
                // As after a loss of power: the size is right, and nothing is in it.
                let memory = try fixture.file("memory")
                let size = try #require(
                    try FileManager.default.attributesOfItem(atPath: memory.string)[.size] as? NSNumber
                )
                #expect(truncate(memory.string, 0) == 0 && truncate(memory.string, off_t(size.int64Value)) == 0)
                let isRestored = try await fixture.answer(source)
                #expect(isRestored)
                #expect(fixture.log.boots == 2)
                #expect(fixture.log.notes.contains { $0.contains("can't be used") })
            }
        }

        @Test(
            "a template whose guest does not prove itself is made anew once; one that is found wanting later is not (6.12)"
        )
        func unproved() async throws {
            struct Doubt: Error {}
            try await withScratchFolder { folder in
                let fixture = Fixture(root: folder.appending("t"))
                let source = try await fixture.source()
                try await source.makeTemplate()
                let log = fixture.log
                let isRestored = try await source.withGuest(proving: { machine in
                    if log.boots < 2 { throw Doubt() }
                    return machine.isRestored
                }) { _, isRestored in isRestored }
                #expect(isRestored)
                #expect(fixture.log.boots == 2)
                #expect(fixture.log.notes.count == 1)
                await #expect(throws: Doubt.self) { try await source.withGuest { _ in throw Doubt() } }
                #expect(fixture.log.boots == 2)
                // Where no guest that is restored ever does, that is found out once.
                let never = try await fixture.source()
                for boots in [4, 5] {
                    let isRestored = try await never.withGuest(proving: { machine in
                        if machine.isRestored { throw Doubt() }
                        return machine.isRestored
                    }) { _, isRestored in isRestored }
                    #expect(!isRestored && fixture.log.boots == boots)
                }
            }
        }

        /// A QEMU that is sent a signal as soon as it is told to restore a guest, as often as there are files in a folder.
        private static func mortalEmulator(in folder: FilePath, deaths: Int, _ signal: Int32) throws -> FilePath {
            let left = folder.appending("deaths")
            try FileManager.default.createDirectory(atPath: left.string, withIntermediateDirectories: true)
            for number in 0..<deaths { try left.appending("\(number)").write("") }
            let emulator = folder.appending("qemu")
            try emulator.write(
                """
                #!/bin/sh
                case "$*" in
                    *-incoming*)
                        for death in '\(left)'/*; do
                            if [ -e "$death" ]; then rm "$death"; kill -\(signal) $$; fi
                        done ;;
                esac
                exec qemu-system-x86_64 "$@"
                """
            )
            guard chmod(emulator.string, 0o755) == 0 else { throw Errno(rawValue: errno) }
            return emulator
        }

        /// What tells one template from another that was made in its place.
        private func identity(_ fixture: Fixture) throws -> Int {
            let attributes = try FileManager.default.attributesOfItem(atPath: fixture.file("memory").string)
            return try #require(attributes[.systemFileNumber] as? NSNumber).intValue
        }

        @Test(
            "a QEMU that is killed while its guest proves itself does not cost the template (6.12)",
            arguments: [SIGKILL, SIGTERM, SIGSEGV]
        )
        func killedWhileProving(signal: Int32) async throws {
            try await withScratchFolder { folder in
                let fixture = Fixture(root: folder.appending("t"))
                let source = try await fixture.source()
                try await source.makeTemplate()
                let before = try identity(fixture)
                let memory = try fixture.file("memory").string
                // A lock, since a guest is proved wherever its task runs.
                let deaths = Mutex(0)
                let isRestored = try await source.withGuest(proving: { machine in
                    if deaths.withLock({
                        $0 += 1; return $0 == 1
                    }) {
                        for process in Processes.withArgument("mem-path=\(memory)") { kill(pid_t(process), signal) }
                    }
                    try await machine.link.send(.warmUp)
                    _ = try await machine.link.next(within: .seconds(10), waitingFor: "an answer")
                    return machine.isRestored
                }) { _, isRestored in isRestored }
                #expect(isRestored)
                #expect(deaths.withLock { $0 } == 2)
                #expect(try identity(fixture) == before)
                #expect(fixture.log.boots == 1)
                #expect(fixture.log.notes.count == 1)
                #expect(fixture.log.notes.first?.contains("is restored again: QEMU ended by itself") == true)
            }
        }

        @Test("a QEMU that is killed before its guest speaks does not cost the template, however often (6.12)")
        func killedWhileRestoring() async throws {
            try await withScratchFolder { folder in
                let fixture = Fixture(root: folder.appending("t"))
                let emulator = try Self.mortalEmulator(in: folder, deaths: 6, SIGKILL)
                let source = try await fixture.source { $0.qemu = emulator.string }
                try await source.makeTemplate()
                let before = try identity(fixture)
                // Whoever asked for the guest is told in the end.
                let failure = await #expect(throws: MachineFailure.self) { try await fixture.answer(source) }
                #expect(failure?.wasKilled == true)
                #expect(fixture.log.notes.count == 2, "\(fixture.log.notes)")
                _ = await #expect(throws: MachineFailure.self) { try await fixture.answer(source) }
                let isRestored = try await fixture.answer(source)
                #expect(isRestored)
                #expect(try identity(fixture) == before)
                #expect(fixture.log.boots == 1)
            }
        }

        @Test("a QEMU that is killed while a guest is booted to be saved is started again (6.12)")
        func killedWhileMaking() async throws {
            try await withScratchFolder { folder in
                let fixture = Fixture(root: folder.appending("t"))
                let deaths = Mutex(0)
                let log = fixture.log
                let source = GuestSource(
                    try await TestKernels.machine("6.12"),
                    templates: fixture.store,
                    prepare: { machine in
                        if deaths.withLock({
                            $0 += 1; return $0 > 1
                        }) {
                            return
                        }
                        for process in Processes.withArgument("mem-path=\(fixture.root)") {
                            kill(pid_t(process), SIGKILL)
                        }
                        try await machine.link.send(.warmUp)
                        _ = try await machine.link.next(within: .seconds(10), waitingFor: "an answer")
                    },
                    report: { log.add($0) }
                )
                let isRestored = try await fixture.answer(source)
                #expect(isRestored)
                #expect(fixture.log.boots == 2)
                #expect(fixture.log.notes.count == 1, "\(fixture.log.notes)")
                #expect(
                    try FileManager.default.contentsOfDirectory(atPath: fixture.root.string).count { $0.count == 64 }
                        == 1
                )
            }
        }

        @Test("a kernel whose image was changed, or that is another than its record says, has no vote (6.12)")
        func anotherKernel() async throws {
            try await withScratchFolder { folder in
                let fixture = Fixture(root: folder.appending("t"))
                let other = try await TestKernels.machine("6.1")
                let source = try await fixture.source { $0.kernel.image = other.kernel.image }
                let failure = await #expect(throws: MachineFailure.self) { try await fixture.answer(source) }
                #expect(failure.map { "\($0)".contains("is damaged") } == true, "\(String(describing: failure))")
                let machine = try await TestKernels.machine("6.12")
                try await withVirtualMachine(machine, bootLimit: .seconds(60)) { guest in
                    _ = await #expect(throws: CanaryFailure.self) {
                        let limits = ExaminationLimits()
                        _ = try await GuestSession.proved(guest, limits, .onePass, .agent, release: "6.12.0-other")
                    }
                }
            }
        }

        @Test("another command line, memory or emulator is another template (6.12)")
        func key() async throws {
            try await withScratchFolder { folder in
                let fixture = Fixture(root: folder.appending("t"))
                let emulator = folder.appending("qemu")
                try emulator.write("#!/bin/sh\nexec qemu-system-x86_64 \"$@\"\n")
                #expect(chmod(emulator.string, 0o755) == 0)
                let sources = [
                    try await fixture.source(), try await fixture.source { $0.memory = 384 },
                    try await fixture.source { $0.extraKernelArguments = ["quiet"] },
                    try await fixture.source { $0.qemu = emulator.string },
                ]
                for source in sources { _ = try await fixture.answer(source) }
                #expect(fixture.log.boots == sources.count)
                #expect(fixture.store.templates().count == sources.count)
                // The one used last stays.
                #expect(fixture.store.collect(count: 1).count == sources.count - 1)
                let isRestored = try await fixture.answer(sources[3])
                #expect(isRestored)
                #expect(fixture.log.boots == sources.count)
            }
        }

        @Test("a template that is removed while a guest runs from it takes nothing from the guest (6.12)")
        func removedInUse() async throws {
            try await withScratchFolder { folder in
                let fixture = Fixture(root: folder.appending("t"))
                let source = try await fixture.source()
                let store = fixture.store
                try await source.withGuest { machine in
                    for template in store.templates() { store.remove(template) }
                    #expect(store.templates().isEmpty)
                    try await machine.link.send(.warmUp)
                    let answer = try await machine.link.next(within: .seconds(10), waitingFor: "an answer")
                    #expect(answer == .warm(WarmReport(btfErrno: 0)))
                }
            }
        }

        @Test("of several who need the same template, one makes it (6.12)")
        func several() async throws {
            try await withScratchFolder { folder in
                let fixture = Fixture(root: folder.appending("t"))
                let source = try await fixture.source()
                try await withThrowingTaskGroup(of: Bool.self) { group in
                    for _ in 0..<3 { group.addTask { try await fixture.answer(source) } }
                    for try await isRestored in group { #expect(isRestored) }
                }
                #expect(fixture.log.boots == 1)
            }
        }

        @Test("without room for a template guests are booted, and the user is told (6.12)")
        func noRoom() async throws {
            try await withScratchFolder { folder in
                let fixture = Fixture(root: folder.appending("t"))
                // The emulator can't make a file as large as the guest's memory.
                let emulator = folder.appending("qemu")
                try emulator.write("#!/bin/bash\ntrap '' XFSZ\nulimit -f 65536\nexec qemu-system-x86_64 \"$@\"\n")
                #expect(chmod(emulator.string, 0o755) == 0)
                let source = try await fixture.source { $0.qemu = emulator.string }
                let isRestored = try await fixture.answer(source)
                #expect(!isRestored)
                #expect(fixture.log.notes.contains { $0.contains("booted, not restored") }, "\(fixture.log.notes)")
                // It is not tried again for every guest.
                #expect(fixture.log.boots == 2)
                _ = try await fixture.answer(source)
                #expect(fixture.log.boots == 3 && fixture.log.notes.count == 1)
                #expect(fixture.store.templates().isEmpty)
            }
        }

        @Test("a restored guest that answers once and then never is told from a crash (6.12)")
        func silentAfterwards() async throws {
            try await withScratchFolder { folder in
                let fixture = Fixture(root: folder.appending("t"))
                let source = try await fixture.source()
                let failure = await #expect(throws: MachineFailure.self) {
                    try await source.withGuest { machine in
                        try await machine.link.send(.fault(.hang))
                        _ = try await machine.link.next(within: .seconds(2), waitingFor: "anything")
                    }
                }
                #expect(failure?.kind == .silence)
                #expect(failure?.isAtStart == false)
            }
        }

        /// 200 by hand: `BPFMATRIX_TEST_RESTORES=200 swift test --filter manyRestores`.
        @Test("restored again and again, four at once, a guest always answers (5.10, 7.2)", arguments: ["5.10", "7.2"])
        func manyRestores(line: String) async throws {
            let count = ProcessInfo.processInfo.environment["BPFMATRIX_TEST_RESTORES"].flatMap(Int.init) ?? 40
            try await withScratchFolder { folder in
                let fixture = Fixture(root: folder.appending("t"), line: line)
                let source = try await fixture.source()
                try await source.makeTemplate()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    // More than there are processors: what is late then is late in another order.
                    for lane in 0..<4 {
                        group.addTask {
                            for _ in stride(from: lane, to: count, by: 4) {
                                let isRestored = try await fixture.answer(source)
                                #expect(isRestored)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(fixture.log.boots == 1)
                #expect(fixture.log.notes.isEmpty, "\(fixture.log.notes)")
            }
        }

        @Test("each object in a guest of its own, and several guests of one kernel, say the same (6.12)")
        func isolation() async throws {
            var objects: [TestObject] = []
            for index in 0..<6 {
                let code = index % 2 == 0 ? Programs.accepted : Programs.nullDereference
                objects.append(try await CompiledFixture.object("object\(index)", code))
            }
            let kernels = try await TestKernels.selected(["6.12"])
            let apart = RunOptions(loader: .agent, jobs: 2, isIsolating: true)
            let together = RunOptions(loader: .agent, jobs: 2)
            let one = try await TestKernels.run(objects, on: kernels, options: apart)
            let other = try await TestKernels.run(objects, on: kernels, options: together)
            #expect(one.cells.count == 6)
            #expect(one.cells.map(\.verdict) == other.cells.map(\.verdict))
            #expect(one.cells.map(\.object) == other.cells.map(\.object))
            #expect(one.summary.infrastructure == 0)
        }
    }
}
