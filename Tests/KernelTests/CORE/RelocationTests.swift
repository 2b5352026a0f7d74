// SPDX-License-Identifier: Apache-2.0

import BTF
import CORE
import ContentDigest
import GuestProtocol
import KernelStore
import TestKernels
import Testing
import VirtualMachine

@testable import Matrix

extension RealKernels {
    /// What CORE makes of relocations, against what libbpf itself does to the same instructions in a guest.
    @Suite struct RelocationTests {
        private static let patience = Duration.seconds(120)
        /// All of libbpf-tools' largest object takes a tenth of it.
        private static let textLimit: UInt32 = 16 << 20

        private static func target(_ kernel: Kernel) throws -> CORETarget {
            let blob = try #require(kernel.btf)
            return CORETarget(try BTFTypes(try TestKernels.store.path(of: blob).contents), modules: nil)
        }

        /// What libbpf says of the object's relocations as it loads it.
        private static func heard(
            _ object: TestObject,
            _ id: UInt32,
            in guest: RunningMachine
        ) async throws -> LibbpfRelocations {
            let request = LoadRequest(
                id: id,
                name: object.name,
                digest: object.digest.bytes,
                object: object.bytes,
                relocationLimit: textLimit
            )
            try await guest.link.send(.load(request))
            var heard: RelocationReport?
            while true {
                switch try await guest.link.next(within: patience, waitingFor: "\(object.name)") {
                case .relocations(let report): heard = report
                case .object:
                    let report = try #require(heard, "nothing was said of relocations")
                    #expect(!report.isCut)
                    return LibbpfRelocations(report.text)
                default: continue
                }
            }
        }

        /// How often each was compared.
        private struct Tally {
            var relocations = 0
            var values = 0
            var poisoned = 0
            var refused = 0
            var resized = 0
            var kinds: Set<CORERelocationKind> = []
        }

        private static func compare(
            _ objects: [TestObject],
            on line: String
        ) async throws -> Tally {
            let kernel = try await TestKernels.kernel(line)
            let target = try Self.target(kernel)
            let machine = try await TestKernels.machine(line)
            return try await withVirtualMachine(machine, bootLimit: .seconds(60)) { guest in
                var tally = Tally()
                for (id, object) in objects.enumerated() {
                    let theirs = try await heard(object, UInt32(id + 1), in: guest)
                    // What the kernel itself lacks would be looked for in modules, of which nothing is known here.
                    #expect(theirs.moduleCandidates == 0)
                    compare(try ObjectRelocations(object.bytes, target: target), theirs, object, &tally)
                }
                return tally
            }
        }

        private static func compare(
            _ ours: ObjectRelocations,
            _ theirs: LibbpfRelocations,
            _ object: TestObject,
            _ tally: inout Tally
        ) {
            for (place, relocation, resolution) in ours.applied {
                let applied = theirs.applied[place] ?? []
                // None is passed over: one of which libbpf says nothing was not applied.
                #expect(!applied.isEmpty, "\(object.name) \(place): libbpf is silent; we: \(relocation)")
                for other in applied {
                    #expect(relocation == other, "\(object.name) \(place): \(resolution)")
                }
                tally.relocations += 1
                if let kind = resolution.local?.kind { tally.kinds.insert(kind) }
                switch relocation.change.first {
                case "poisoned": tally.poisoned += 1
                case "refused": tally.refused += 1
                default: tally.values += 1
                }
                if relocation.change.count > 1 { tally.resized += 1 }
            }
            let known = Set(ours.applied.map(\.place))
            #expect(Set(theirs.applied.keys).subtracting(known).isEmpty, "\(object.name): libbpf has more")
        }

        @Test("every relocation of libbpf-tools comes to what libbpf makes of it", arguments: TestKernels.lines)
        func libbpfTools(line: String) async throws {
            let objects = try LibbpfTools.objects()
            let tally = try await Self.compare(objects, on: line)
            #expect(objects.count >= 50)
            #expect(tally.relocations >= 500)
        }
    }
}
