// SPDX-License-Identifier: Apache-2.0

import BPFObject
import LoaderContract

/// What an object plainly leaves to its loader, with harmless values in the loader's place.
///
/// An object as it is compiled can be stricter than its project: a map with `max_entries` 0 is refused by every kernel,
/// whatever the programs are like. Where any value of the kind makes the object loadable, one is assumed, and said.
public struct Assumptions: Sendable, Hashable {
    public let contract: LoaderContract
    /// Maps whose inner map is assumed: a program that uses one of them may be refused for what the assumption is.
    public let innerMaps: Set<String>
    /// Programs whose target is assumed.
    public let targets: Set<String>
    /// Maps that each program's code names, as far as something of them is assumed.
    private let mapsOfPrograms: [String: Set<String>]

    /// None: the object is loaded as it is compiled.
    public static let none = Assumptions(contract: .asCompiled, mapsOfPrograms: [:])

    private init(contract: LoaderContract, mapsOfPrograms: [String: Set<String>]) {
        self.contract = contract
        self.mapsOfPrograms = mapsOfPrograms
        var innerMaps: Set<String> = []
        var targets: Set<String> = []
        for setting in contract.settings {
            switch setting {
            case .innerMap(let map, _): innerMaps.insert(map)
            case .anyTarget(let program): targets.insert(program)
            case .maxEntries, .valueSize, .innerMaxEntries: break
            }
        }
        self.innerMaps = innerMaps
        self.targets = targets
    }

    /// Of an object whose contents are known.
    public init(of contents: ObjectContents) {
        let open = contents.maps.enumerated().filter { $0.element.isOpen }
        let openPrograms = contents.programs.filter(\.leavesTargetOpen)
        guard !open.isEmpty || !openPrograms.isEmpty else {
            self = .none
            return
        }
        var byMap: [Int: [LoaderSetting]] = [:]
        // Objects that link beyond all measure are refused by libbpf too: nothing is assumed of their code.
        let programs = (try? contents.linkedPrograms()) ?? []
        for (index, map) in open {
            var settings: [LoaderSetting] = []
            if map.definition.needsMaxEntries {
                settings.append(.maxEntries(map: map.name, map.definition.leastEntries))
            }
            if map.definition.needsValueSize {
                settings.append(.valueSize(map: map.name, MapType.usualStackTrace))
            }
            if let inner = map.inner, inner.needsMaxEntries {
                settings.append(.innerMaxEntries(map: map.name, inner.leastEntries))
            }
            if map.needsInnerMap {
                settings.append(.innerMap(map: map.name, InnerMapUse(of: index, in: programs).innerMap))
            }
            byMap[index] = settings
        }
        let byProgram = Dictionary(
            openPrograms.map { ($0.name, LoaderSetting.anyTarget(program: $0.name)) }
        ) { first, _ in first }
        var mapsOfPrograms: [String: Set<String>] = [:]
        for program in programs {
            let used = Set(program.mapUses.map(\.thing)).filter { byMap[$0] != nil }
            mapsOfPrograms[program.program.name] = Set(used.map { contents.maps[$0].name })
        }
        self.init(
            contract: LoaderContract(
                open.flatMap { byMap[$0.offset] ?? [] } + openPrograms.compactMap { byProgram[$0.name] }
            ),
            mapsOfPrograms: mapsOfPrograms
        )
    }

    /// What the program depends on; empty where it depends on nothing that is assumed. Every program depends on every map of the
    /// object: libbpf creates them all before it loads the first one.
    public func settings(of program: String) -> [LoaderSetting] {
        contract.settings.filter { setting in
            if case .anyTarget(let other) = setting { other == program } else { true }
        }
    }

    /// The map that the program takes others out of, of which it is assumed what they are like; nil where there is none.
    public func assumedInnerMap(usedBy program: String) -> String? {
        for case .innerMap(let map, _) in contract.settings where mapsOfPrograms[program]?.contains(map) == true {
            return map
        }
        return nil
    }
}

extension BPFMap {
    fileprivate var isOpen: Bool {
        guard origin == .declared, isCreated else { return false }
        return definition.needsMaxEntries || definition.needsValueSize || needsInnerMap
            || inner?.needsMaxEntries == true
    }

    fileprivate var needsInnerMap: Bool { definition.holdsMaps && inner == nil }
}

extension MapDefinition {
    /// One; of a ring buffer, whose entries are bytes, a page.
    fileprivate var leastEntries: UInt32 { MapType.isRing(type) ? InnerMapUse.pageSize : 1 }

    /// Whether the kernel refuses it for its `max_entries` of 0, which a loader sets.
    fileprivate var needsMaxEntries: Bool {
        maxEntries == 0 && !MapType.takesNoEntries(type) && !MapType.isSizedByLoader(type)
    }

    /// Whether it keeps stack traces of a depth that a loader sets.
    fileprivate var needsValueSize: Bool { valueSize == 0 && type == MapType.stackTrace }
}

extension MapType {
    /// Types whose `max_entries` must be 0: local storage, and the tables of `struct_ops`, which libbpf sizes.
    fileprivate static func takesNoEntries(_ type: UInt32) -> Bool {
        // cgroup_storage, percpu_cgroup_storage, sk_storage, struct_ops, inode_storage, task_storage, cgrp_storage
        [19, 21, 24, 26, 28, 29, 32].contains(type)
    }

    fileprivate static let stackTrace: UInt32 = 7
    /// Eight bytes for each of 127 addresses: as deep as kernels go unless told otherwise (`PERF_MAX_STACK_DEPTH`).
    fileprivate static let usualStackTrace: UInt32 = 127 * 8

    /// ringbuf, user_ringbuf
    fileprivate static func isRing(_ type: UInt32) -> Bool { type == 27 || type == 31 }

    /// perf_event_array: libbpf makes one entry for each CPU.
    fileprivate static func isSizedByLoader(_ type: UInt32) -> Bool { type == 4 }
}

extension BPFProgram {
    /// Whether the program must be attached to something that its section does not name, and any will do: functions of
    /// another program (`freplace`) are its loader's alone.
    fileprivate var leavesTargetOpen: Bool {
        guard let definition, definition.attachesByTypes, definition.type != .ext else { return false }
        // Whoever names a module means what is in it.
        return target.map { $0.module == nil && Self.isPlaceholder($0.name) } ?? true
    }

    /// Names that stand for a target which the loader sets, as agents write them: `fentry/dummy_file_open`,
    /// `lsm/generic_lsm_core`. A name that some kernel has no function of is no such name.
    private static func isPlaceholder(_ name: String) -> Bool {
        let words = name.split(separator: "_", omittingEmptySubsequences: false)
        switch words.first {
        case "dummy", "placeholder": return true
        case "generic": return words.count > 1 && kinds.contains(String(words[1]))
        default: return false
        }
    }

    private static let kinds: Set<String> = ["fentry", "fexit", "fmod", "fmodret", "lsm", "iter", "tp"]
}
