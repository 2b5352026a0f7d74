// SPDX-License-Identifier: Apache-2.0

import BPFObject
import BTF
import VerifierLog

/// Maps that a kind of program may not use: what the verifier refuses of every map that the code names, reached or not
/// (`check_map_prog_compatibility()` in kernel/bpf/verifier.c).
struct MapCompatibility {
    private let maps: [BPFMap]
    private let types: BTFTypes?
    private let program: LinkedProgram
    /// Of maps that are created.
    private let uses: [LinkedProgram.Use<Int>]
    private let kernel: CheckedKernel

    init(_ object: CheckedObject, _ index: Int, _ kernel: CheckedKernel) {
        self.init(object.programs[index], object.mapUses[index], object.maps, kernel)
    }

    /// - Parameter uses: of each map that the program names, one.
    init(_ program: LinkedProgram, _ uses: [LinkedProgram.Use<Int>], _ maps: [BPFMap], _ kernel: CheckedKernel) {
        self.maps = maps
        types = program.contents.types
        self.program = program
        // A type that the kernel does not have is told of the object.
        self.uses = uses.filter {
            maps.indices.contains($0.thing) && maps[$0.thing].isCreated
                && kernel.profile?.mapType(maps[$0.thing].definition.type) != .absent
        }
        self.kernel = kernel
    }

    /// `MAX_USED_MAPS` in include/linux/bpf_verifier.h
    private static let mostMaps = 64

    func check(into findings: inout Findings) {
        guard let definition = program.program.definition else { return }
        checkCount(&findings)
        for use in uses {
            let map = Use(
                map: maps[use.thing],
                place: program.source(atInstruction: use.instruction),
                instruction: use.instruction
            )
            checkFields(map, definition, &findings)
            checkAllocation(map, definition, &findings)
            if definition.isSleepable { checkSleeping(map, &findings) }
        }
        checkStorage(&findings)
    }

    private struct Use {
        let map: BPFMap
        let place: SourcePlace?
        let instruction: Int
        var title: String { "map '\(map.name)' (\(map.definition.typeName))" }
    }

    // MARK: How many

    private func checkCount(_ findings: inout Findings) {
        let hasConfiguration = program.externVariables.contains {
            if case .kernelConfiguration = $0.thing.kind { true } else { false }
        }
        let count = uses.count + (hasConfiguration ? 1 : 0)
        guard count > Self.mostMaps else { return }
        findings.fails(
            Reason(
                .mapNotForProgram,
                "the program uses \(count) maps, and a kernel takes \(Self.mostMaps) at most",
                cure: "keep several things in one map; global variables of a section share one"
            )
        )
    }

    /// `bpf_cgroup_storage_assign()` in kernel/bpf/local_storage.c
    private func checkStorage(_ findings: inout Findings) {
        for type in [19, 21] as [UInt32] {
            let storages = uses.filter { maps[$0.thing].definition.type == type }
            guard let second = storages.dropFirst().first else { continue }
            findings.fails(
                Reason(
                    .mapNotForProgram,
                    "the program uses \(storages.count) maps of the type \(MapType.name(type)), and may use one",
                    at: program.source(atInstruction: second.instruction),
                    cure: "keep several things in one map"
                )
            )
        }
    }

    // MARK: Fields of values

    /// `is_tracing_prog_type()`; of raw tracepoints that write since "bpf: Forbid bpf_ktime_get_coarse_ns and bpf_timer_*
    /// in tracing progs" (5.16, and in some kernels of 5.15). nil where that is not known.
    private func isTracing(_ type: ProgramType) -> Bool? {
        switch type {
        case .kprobe, .tracepoint, .perfEvent, .rawTracepoint: return true
        case .rawTracepointWritable:
            guard let line = kernel.line else { return nil }
            return line == LinuxVersion(5, 15) ? nil : line >= LinuxVersion(5, 16)
        default: return false
        }
    }

    private func checkFields(_ use: Use, _ definition: SectionDefinition, _ findings: inout Findings) {
        guard let line = kernel.line else {
            guard !MapFields(of: use.map, in: types, on: LinuxVersion(Int.max, 0)).isEmpty else { return }
            doubt(use, .lockNotAllowed, "a lock or a timer in its values", &findings)
            return
        }
        let most = MapFields(of: use.map, in: types, on: line)
        let inside = MapFields.looksInside
        if line > inside.without, line < inside.with, MapFields(of: use.map, in: types, on: inside.with) != most,
            isTracing(definition.type) != false || definition.type == .socketFilter || definition.isSleepable
        {
            doubt(use, .lockNotAllowed, "a lock or a timer deep in its values", &findings)
            return
        }
        if most.contains(.spinLock) { checkLock(use, definition, line, &findings) }
        guard let isTracing = isTracing(definition.type), isTracing else {
            if isTracing(definition.type) == nil, !most.isDisjoint(with: [.spinLock, .timer, .workQueue]) {
                doubt(use, .timerMisuse, "a lock or a timer in its values", &findings)
            }
            return
        }
        if most.contains(.graphRoot) {
            refuse(use, .lockNotAllowed, "a list or a tree in its values", Self.lockCure, &findings)
        }
        if !most.isDisjoint(with: [.timer, .workQueue]) { checkTimer(use, most, line, &findings) }
    }

    private static let lockCure = "an atomic operation (__sync_fetch_and_add()), or a per-CPU map"

    private func checkLock(
        _ use: Use,
        _ definition: SectionDefinition,
        _ line: LinuxVersion,
        _ findings: inout Findings
    ) {
        // Sleepable programs: from "bpf: Allow LSM programs to use bpf spin locks" (5.11) to "bpf: Allow bpf_spin_{lock,unlock} in
        // sleepable progs" (6.6).
        let isRefusedAsleep = definition.isSleepable && line >= LinuxVersion(5, 11) && line < LinuxVersion(6, 6)
        guard definition.type == .socketFilter || isTracing(definition.type) == true || isRefusedAsleep else { return }
        refuse(use, .lockNotAllowed, "a spin lock in its values", Self.lockCure, &findings)
    }

    /// Tracing programs may not since 5.16, and in some kernels of 5.15; 7.2 lets them ("bpf: Enable bpf_timer and bpf_wq in any
    /// context"), of 7.0 and 7.1 it is not known.
    private func checkTimer(_ use: Use, _ fields: MapFields, _ line: LinuxVersion, _ findings: inout Findings) {
        let what = fields.contains(.timer) ? "a timer in its values" : "a work queue in its values"
        if line >= LinuxVersion(7, 2) || line < LinuxVersion(5, 15) { return }
        if line == LinuxVersion(5, 15) || line >= LinuxVersion(7, 0) {
            doubt(use, .timerMisuse, what, &findings)
        } else {
            refuse(use, .timerMisuse, what, "keep it in a map that only programs of another type use", &findings)
        }
    }

    private func refuse(
        _ use: Use,
        _ code: CauseCode,
        _ what: String,
        _ cure: String?,
        _ findings: inout Findings
    ) {
        findings.fails(
            Reason(
                code,
                "\(use.title) has \(what), and this kernel does not let \(kind) programs use it",
                at: use.place,
                cure: cure,
                instruction: use.instruction
            )
        )
    }

    private func doubt(_ use: Use, _ code: CauseCode, _ what: String, _ findings: inout Findings) {
        findings.cannotTell(
            Reason(
                code,
                "\(use.title) has \(what): it is not known whether this kernel lets \(kind) programs use it",
                at: use.place
            )
        )
    }

    private var kind: String {
        let name = program.program.type?.rawValue ?? "such"
        return program.program.definition?.isSleepable == true ? "sleepable \(name)" : name
    }

    // MARK: Elements that are allocated as they are needed

    private static let hashes: Set<UInt32> = [1, 5, 13]

    private static func isAllocatedLater(_ map: BPFMap) -> Bool {
        [map.definition, map.inner].contains { definition in
            guard let definition else { return false }
            return hashes.contains(definition.type) && definition.flags & MapFlags.noPreallocation.rawValue != 0
        }
    }

    /// Until "bpf: Remove prealloc-only restriction for sleepable bpf programs" and its series (6.1), which made elements of hashes
    /// that can be allocated everywhere.
    private func checkAllocation(_ use: Use, _ definition: SectionDefinition, _ findings: inout Findings) {
        guard Self.isAllocatedLater(use.map), kernel.isSince(6, 1) != true else { return }
        let isRealTime = kernel.profile?.configuration?.value(of: "CONFIG_PREEMPT_RT") == "y"
        guard
            definition.type == .perfEvent || definition.isSleepable
                || isRealTime && isTracing(definition.type) == true
        else { return }
        let what = "allocates its elements as they are needed (BPF_F_NO_PREALLOC)"
        guard kernel.line != nil else {
            findings.cannotTell(
                Reason(
                    .mapNotForProgram,
                    "\(use.title) \(what): it is not known whether this kernel lets \(kind) programs use it",
                    at: use.place
                )
            )
            return
        }
        findings.fails(
            Reason(
                .mapNotForProgram,
                "\(use.title) \(what), and this kernel does not let \(kind) programs use it",
                at: use.place,
                cure: "leave BPF_F_NO_PREALLOC out of the map's flags; Linux 6.1 and later take it",
                instruction: use.instruction
            )
        )
    }

    // MARK: Programs that may sleep

    /// By `enum bpf_map_type`: the first line that lets sleepable programs use the type.
    private static let sleepableSince: [UInt32: LinuxVersion] = [
        1: LinuxVersion(5, 10), 2: LinuxVersion(5, 10), 9: LinuxVersion(5, 10),
        5: LinuxVersion(5, 12), 6: LinuxVersion(5, 12), 10: LinuxVersion(5, 12), 12: LinuxVersion(5, 12),
        13: LinuxVersion(5, 12), 27: LinuxVersion(5, 12),
        24: LinuxVersion(5, 17), 28: LinuxVersion(5, 17), 29: LinuxVersion(5, 17),
        31: LinuxVersion(6, 1), 32: LinuxVersion(6, 2), 33: LinuxVersion(6, 9),
    ]
    /// Types that came to the list at some time between two lines that were tried: the last one without, the first one with.
    private static let sleepableBetween: [UInt32: (without: LinuxVersion, with: LinuxVersion)] = [
        22: (LinuxVersion(6, 1), LinuxVersion(6, 12)), 23: (LinuxVersion(6, 1), LinuxVersion(6, 12)),
        3: (LinuxVersion(6, 12), LinuxVersion(7, 2)), 11: (LinuxVersion(6, 12), LinuxVersion(7, 2)),
    ]
    /// Newer lines may let them use more.
    private static let newestKnown = LinuxVersion(7, 3)
    private static let newestKnownType: UInt32 = 33

    private func checkSleeping(_ use: Use, _ findings: inout Findings) {
        let type = use.map.definition.type
        guard let line = kernel.line, type <= Self.newestKnownType else {
            guard ![1, 2, 9].contains(type) else { return }
            doubtAsleep(use, &findings)
            return
        }
        if let since = Self.sleepableSince[type] {
            if line < since { refuseAsleep(use, since, &findings) }
            return
        }
        if let between = Self.sleepableBetween[type] {
            if line >= between.with { return }
            if line > between.without {
                doubtAsleep(use, &findings)
            } else {
                refuseAsleep(use, nil, &findings)
            }
            return
        }
        if line > Self.newestKnown { doubtAsleep(use, &findings) } else { refuseAsleep(use, nil, &findings) }
    }

    private func refuseAsleep(_ use: Use, _ since: LinuxVersion?, _ findings: inout Findings) {
        findings.fails(
            Reason(
                .mapNotForProgram,
                "\(use.title) is of a type that this kernel does not let programs use that may sleep",
                at: use.place,
                cure: "use a hash or an array there, or drop the .s of the section's name"
                    + (since.map { "; Linux \($0) and later take it" } ?? ""),
                instruction: use.instruction
            )
        )
    }

    private func doubtAsleep(_ use: Use, _ findings: inout Findings) {
        findings.cannotTell(
            Reason(
                .mapNotForProgram,
                "\(use.title): it is not known whether this kernel lets programs that may sleep use a map of this type",
                at: use.place
            )
        )
    }
}
