// SPDX-License-Identifier: Apache-2.0

import BPFObject
import BTF
import VerifierLog

/// Fields of a map's value that the kernel knows by the names of their types (`btf_parse_fields()` in kernel/bpf/btf.c,
/// `map_check_btf()` in kernel/bpf/syscall.c).
struct MapFields: OptionSet, Sendable, Hashable {
    let rawValue: UInt8

    static let spinLock = MapFields(rawValue: 1 << 0)
    static let timer = MapFields(rawValue: 1 << 1)
    static let workQueue = MapFields(rawValue: 1 << 2)
    /// Lists and trees of the program's own objects.
    static let graphRoot = MapFields(rawValue: 1 << 3)

    private static let names: [String: (field: MapFields, since: LinuxVersion)] = [
        "bpf_spin_lock": (.spinLock, LinuxVersion(5, 1)), "bpf_timer": (.timer, LinuxVersion(5, 15)),
        "bpf_wq": (.workQueue, LinuxVersion(6, 10)), "bpf_list_head": (.graphRoot, LinuxVersion(6, 2)),
        "bpf_rb_root": (.graphRoot, LinuxVersion(6, 3)), "bpf_res_spin_lock": (.spinLock, LinuxVersion(6, 15)),
    ]

    /// Types of maps that may have each: hash, array, storage of cgroups, sockets, inodes, tasks; hashes, arrays.
    private static let homesOfLocks: Set<UInt32> = [1, 2, 19, 24, 28, 29, 32]
    private static let homesOfOthers: Set<UInt32> = [1, 2, 9]
    private static let array: UInt32 = 2

    /// Since which line variables of a section are looked at as fields of a structure are ("bpf: Introduce bpf timers.").
    private static let inSections = LinuxVersion(5, 15)
}

extension MapFields {
    /// The first line that was tried which looks into structures inside a value, and the last one which does not.
    static let looksInside = (without: LinuxVersion(6, 1), with: LinuxVersion(6, 12))

    /// What a kernel of this line finds; nothing where the map has to be created without its types, as libbpf does where
    /// the kernel refuses them.
    init(of map: BPFMap, in types: BTFTypes?, on line: LinuxVersion) {
        self = []
        let definition = map.definition
        guard let types, let value = types.resolved(definition.valueType) else { return }
        let forPrograms = MapFlags(rawValue: definition.flags)
        guard forPrograms.isDisjoint(with: [.readOnlyForPrograms, .writeOnlyForPrograms]) else { return }
        switch (map.origin, value.kind) {
        case (.data, .dataSection): guard line >= Self.inSections else { return }
        case (.declared, .structure):
            guard definition.keyType != 0 else { return }
            // array_map_check_btf() in kernel/bpf/arraymap.c
            if definition.type == Self.array, types.resolved(definition.keyType)?.kind != .integer { return }
        default: return
        }
        var reader = Reader(types: types, line: line)
        reader.read(value, depth: 0)
        let found = reader.found
        let isTaken =
            !reader.isRefused
            && (found.isDisjoint(with: .spinLock) || Self.homesOfLocks.contains(definition.type))
            && (found.subtracting(.spinLock).isEmpty || Self.homesOfOthers.contains(definition.type))
        if isTaken { formUnion(found) }
    }

    private struct Reader {
        let types: BTFTypes
        let line: LinuxVersion
        private(set) var found: MapFields = []
        /// The kernel takes none of these types.
        private(set) var isRefused = false

        init(types: BTFTypes, line: LinuxVersion) {
            self.types = types
            self.line = line
        }

        /// `btf_find_nested_struct()` goes no deeper than 4 structures.
        private static let deepest = 4

        mutating func read(_ structure: BTFType, depth: Int) {
            let members =
                structure.kind == .dataSection
                ? structure.variables.map { types.type($0.type)?.target ?? 0 } : structure.members.map(\.type)
            for (position, member) in members.enumerated() {
                guard let type = types.type(member), type.kind == .structure else { continue }
                if let known = MapFields.names[type.name.text], line >= known.since {
                    add(known.field, at: position, of: structure)
                } else if depth < Self.deepest, line >= MapFields.looksInside.with {
                    read(type, depth: depth + 1)
                }
            }
        }

        private mutating func add(_ field: MapFields, at position: Int, of structure: BTFType) {
            // One of each is taken, but for lists and trees; those have to say what they hold.
            if field != .graphRoot {
                isRefused = isRefused || found.contains(field)
            } else if !saysWhatItHolds(position, structure) {
                isRefused = true
            }
            found.insert(field)
        }

        /// `__contains(…)`: a declaration tag of the member.
        private func saysWhatItHolds(_ position: Int, _ structure: BTFType) -> Bool {
            types.ownIDs.contains { id in
                guard let tag = types.type(id), tag.kind == .declarationTag else { return false }
                let target = structure.kind == .dataSection ? structure.variables[position].type : structure.id
                return tag.target == target && tag.name.text.hasPrefix("contains:")
                    && (structure.kind == .dataSection || tag.component == position)
            }
        }
    }
}
