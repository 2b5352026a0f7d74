// SPDX-License-Identifier: Apache-2.0

import BTF
import CORE
import ContentDigest
import ELF
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

        /// The kernel's types, and those of the modules that its guests load.
        private static func target(_ kernel: Kernel) throws -> CORETarget {
            let store = try TestKernels.store
            let types = try BTFTypes(try store.path(of: try #require(kernel.btf)).contents)
            var modules: [CORETarget.Module] = []
            for module in kernel.modules {
                let file = try ELFFile(try store.path(of: module.blob).contents)
                // 5.10 gives modules none.
                guard let section = file.section(named: ".BTF") else { continue }
                modules.append(
                    .init(name: module.name, types: try BTFTypes(try file.contents(of: section), base: types))
                )
            }
            return CORETarget(types, modules: modules)
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
            /// Of types that only a module has.
            var inModules = 0
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
            // libbpf gives up on a program at the first of its relocations that it refuses.
            var givenUp: Set<String> = []
            for (place, relocation, resolution) in ours.applied where !givenUp.contains(place.program) {
                let applied = theirs.applied[place] ?? []
                // None is passed over: one of which libbpf says nothing was not applied.
                #expect(!applied.isEmpty, "\(object.name) \(place): libbpf is silent; we: \(relocation)")
                for other in applied {
                    #expect(relocation == other, "\(object.name) \(place): \(resolution)")
                }
                if relocation.change == ["refused"] { givenUp.insert(place.program) }
                tally.relocations += 1
                if resolution.module != nil { tally.inModules += 1 }
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

        @Test(
            "whatever can be asked of 6.12's types comes to what libbpf makes of it",
            arguments: TestKernels.lines
        )
        func generatedPrograms(line: String) async throws {
            let kernel = try await TestKernels.kernel("6.12")
            let programs = GeneratedPrograms(try Self.target(kernel).types)
            var sources: [(String, String)] = (0..<4).map { part in
                ("fields\(part)", programs.fields(of: 30, part: part, parts: 4))
            }
            sources += [
                ("types", programs.types(200)), ("enumerators", programs.enumerators(60)),
                ("ambiguous", programs.ambiguous()), ("flavours", Self.flavours),
            ]
            var objects: [TestObject] = []
            for (name, code) in sources { objects.append(try await CompiledFixture.object(name, code)) }
            let tally = try await Self.compare(objects, on: line)
            #expect(tally.relocations >= 5000)
            #expect(tally.kinds == Set(CORERelocationKind.allCases))
            // Virtio is a module in 6.1, and gives its own types.
            #expect((tally.inModules > 0) == (line == "6.1"))
            #expect(tally.refused > 0 && tally.resized > 0 && tally.poisoned > 0)
        }

        /// What no kernel's own types ask: fields of other sizes and signs than the kernel has, ways through anonymous structs,
        /// elements of arrays, within them and beyond.
        private static let flavours = """
            #include <bpf/bpf_core_read.h>
            #define CORE __attribute__((preserve_access_index))
            struct task_struct___wide { unsigned long flags; } CORE;
            struct task_struct___narrow { unsigned char flags; } CORE;
            struct task_struct___signed { long pid; } CORE;
            struct task_struct___state { long state; } CORE;
            struct task_struct___pointer { unsigned long mm; char *flags; struct mm_struct *active_mm; } CORE;
            struct task_struct___comm { char comm[64]; } CORE;
            struct task_struct___elements { struct { int x; } comm[4]; } CORE;
            struct sk_buff___deep { struct { union { struct { struct sk_buff *next; }; int other; }; }; } CORE;
            struct sk_buff___flat { struct sk_buff *next; unsigned int len; __u64 hash; } CORE;
            struct bpf_array___rest { char value[0]; } CORE;
            struct request_queue___gone { int no_such_field; } CORE;
            struct no_such_struct { int a; struct { int b[4]; } c; } CORE;
            union task_struct___union { int pid; } CORE;
            enum pid_type___mine { PIDTYPE_TGID___mine = 7, PIDTYPE_NO_SUCH = 9 };
            typedef struct task_struct task_struct_alias;

            #define P(name, expression) \
                SEC("kprobe/vfs_open") int name(void *ctx) { return (long)(expression); }

            P(wide, ((struct task_struct___wide *)ctx)->flags)
            P(narrow, ((struct task_struct___narrow *)ctx)->flags)
            P(narrow_store, ((struct task_struct___narrow *)ctx)->flags = 1)
            P(resized_signed, ((struct task_struct___signed *)ctx)->pid)
            P(state, ((struct task_struct___state *)ctx)->state)
            P(integer_for_pointer, ((struct task_struct___pointer *)ctx)->mm)
            P(pointer_for_integer, ((struct task_struct___pointer *)ctx)->flags)
            P(pointer, ((struct task_struct___pointer *)ctx)->active_mm)
            P(within, ((struct task_struct___comm *)ctx)->comm[15])
            P(beyond, ((struct task_struct___comm *)ctx)->comm[16])
            P(other_elements, ((struct task_struct___elements *)ctx)->comm[1].x)
            P(deep, ((struct sk_buff___deep *)ctx)->next)
            P(flat, ((struct sk_buff___flat *)ctx)->next)
            P(flat_size, bpf_core_field_size(((struct sk_buff___flat *)ctx)->hash))
            P(flat_hash, ((struct sk_buff___flat *)ctx)->hash)
            P(rest, ((struct bpf_array___rest *)ctx)->value[24])
            P(rest_exists, bpf_core_field_exists(((struct bpf_array___rest *)ctx)->value[99]))
            P(gone, ((struct request_queue___gone *)ctx)->no_such_field)
            P(gone_exists, bpf_core_field_exists(((struct request_queue___gone *)ctx)->no_such_field))
            P(no_struct, ((struct no_such_struct *)ctx)->c.b[3])
            P(no_struct_size, bpf_core_type_size(struct no_such_struct))
            P(as_union, ((union task_struct___union *)ctx)->pid)
            P(second, ((struct task_struct___wide *)ctx)[1].flags)
            P(before, ((struct task_struct___wide *)ctx)[-1].flags)
            P(enumerator, bpf_core_enum_value(enum pid_type___mine, PIDTYPE_TGID___mine))
            P(no_enumerator, bpf_core_enum_value(enum pid_type___mine, PIDTYPE_NO_SUCH))
            P(alias, bpf_core_type_exists(task_struct_alias))
            P(scheduler, ((struct task_struct *)ctx)->se.load.weight)
            P(bits, BPF_CORE_READ_BITFIELD((struct tcp_sock *)ctx, repair))
            P(probed_bits, BPF_CORE_READ_BITFIELD_PROBED((struct task_struct *)ctx, sched_reset_on_fork))

            """
    }
}
