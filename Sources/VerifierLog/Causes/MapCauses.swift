// SPDX-License-Identifier: Apache-2.0

import BPFObject

/// Maps that the kernel refuses: the map's own facts and the errno, since `BPF_MAP_CREATE` has no log.
extension CauseRule {
    static let maps: [CauseRule] = [
        CauseRule { evidence in
            guard case .map(let map) = evidence.refusal else { return nil }
            return cause(of: map, evidence)
        },
        // The call that libbpf puts where code uses a map that was not created; its number says which.
        CauseRule { evidence in
            guard let (line, index) = mapPoison(evidence) else { return nil }
            if let map = evidence.maps.first(where: { $0.index == index }) { return cause(of: map, evidence) }
            return Cause(
                .mapMissing,
                "map number \(index) was not created, and the code that uses it is reached",
                words: line
            )
        },
        CauseRule(.mapMissing, verifier: "BPF map '…' is referenced but wasn't created") { values, _ in
            Account(
                "map '\(values[0])' was not created, and the code that uses it is reached",
                cure: "create it, or keep the code from being reached where the loader switches the map off"
            )
        },
    ]

    private static func mapPoison(_ evidence: Evidence) -> (line: String, index: UInt32)? {
        for line in evidence.messages {
            guard let values = unknownFunction.match(line), let number = UInt32(values[0]),
                LoaderPoison.maps.contains(number)
            else { continue }
            return (line, number - LoaderPoison.maps.lowerBound)
        }
        return nil
    }

    private static func cause(of map: Evidence.MapFacts, _ evidence: Evidence) -> Cause {
        let type = MapType.name(map.type)
        let name = "map '\(map.name)' (\(type))"
        let words = evidence.complaints.first { $0.hasPrefix("map '\(map.name)'") }
        if map.errno == tooBig, let account = beyondRules(map, name: name, evidence) {
            return Cause(.mapAttributes, account.sentence, cure: account.cure, since: account.since, words: words)
        }
        if let complaint = map.complaint, isAnswer(map.errno, to: complaint) {
            return Cause(complaint.code, complaint.sentence, cure: complaint.cure, words: words)
        }
        if map.errno == outOfMemory || map.errno == tooBig {
            let account = beyondMemory(map, evidence.kernel.memory, name: name)
            return Cause(.memoryLimit, account.sentence, cure: account.cure, words: words)
        }
        if map.errno == notPermitted {
            return Cause(
                .permission,
                "the loader may not create \(name)",
                cure:
                    "load with CAP_BPF (and CAP_NET_ADMIN for maps of the network); before 5.11, raise RLIMIT_MEMLOCK",
                words: words
            )
        }
        guard map.errno == invalidArgument else {
            return Cause(.mapAttributes, "\(name) was refused (errno \(map.errno))", words: words)
        }
        let since = TypeVersions.mapType(map.type)
        if map.typeExists == false || (map.typeExists == nil && evidence.isOlder(than: since)) {
            return Cause(
                .mapTypeLacking,
                since.map { "this kernel has no maps of the type \(type), which came with Linux \($0)" }
                    ?? "this kernel has no maps of the type \(type)",
                cure: "create the map only where the kernel has the type (bpf_map__set_autocreate())",
                since: since,
                words: words
            )
        }
        if since == nil && map.typeExists == nil {
            return Cause(
                .mapTypeLacking,
                "no kernel known here has maps of the type with the number \(map.type)",
                words: words
            )
        }
        if let off = switchOff(for: map.type, evidence) {
            let account = CauseRule.off(off, "without which there are no maps of the type \(type)")
            return Cause(.configurationOff, account.sentence, cure: account.cure, words: words)
        }
        if map.maxEntries == 0 && !typesWithoutEntries.contains(type) {
            return Cause(
                .maxEntriesUnset,
                "\(name) has max_entries 0, which its own loader is meant to set",
                cure:
                    "the loader calls bpf_map__set_max_entries() before it loads; or __uint(max_entries, …) in the source",
                words: words
            )
        }
        if type == "array_of_maps" || type == "hash_of_maps", map.hasInnerMap != true {
            return Cause(
                .innerMapUnset,
                "\(name) does not say what its maps are, which its own loader is meant to set",
                cure:
                    "the loader calls bpf_map__set_inner_map_fd() before it loads; or __array(values, struct …) in the source",
                words: words
            )
        }
        return Cause(
            .mapAttributes,
            "\(name) was refused with EINVAL: its flags, its sizes, or the types of its key and value are not what this kernel takes",
            cure: "look at map_flags, key_size, value_size and max_entries: each type of map has its own rules",
            words: words
        )
    }

    /// Whether a kernel that refuses a map for this says so with this errno.
    private static func isAnswer(_ errno: Int32, to complaint: Evidence.Complaint) -> Bool {
        switch errno {
        case tooBig: true
        case outOfMemory: complaint.code == .memoryLimit
        // What has a cause of its own below has a better sentence there.
        default:
            complaint.code == .mapAttributes && [invalidArgument, notSupported, outOfRange, otherwise].contains(errno)
        }
    }

    private static let typesWithoutEntries: Set<String> = [
        "sk_storage", "inode_storage", "task_storage", "cgrp_storage", "cgroup_storage", "percpu_cgroup_storage",
        "struct_ops",
    ]

    private static func switchOff(for type: UInt32, _ evidence: Evidence) -> ConfigurationSwitch? {
        let needed: ConfigurationSwitch? =
            switch MapType.name(type) {
            case "xskmap": .xdpSockets
            case "sockmap", "sockhash": .net
            case "cgroup_array", "cgroup_storage", "percpu_cgroup_storage": .cgroup
            case "inode_storage": .lsm
            default: nil
            }
        return needed.flatMap { evidence.kernel.configuration[$0] == false ? $0 : nil }
    }

    // asm-generic/errno-base.h
    static let notPermitted: Int32 = 1
    static let tooBig: Int32 = 7
    static let outOfMemory: Int32 = 12
    // asm-generic/errno.h: ERANGE, EOPNOTSUPP; linux/errno.h: ENOTSUPP
    private static let outOfRange: Int32 = 34
    private static let otherwise: Int32 = 95
    private static let notSupported: Int32 = 524
}

extension Evidence {
    /// Whether this kernel's line is older; false where one of the two is not known.
    func isOlder(than since: LinuxVersion?) -> Bool {
        guard let since, let version = kernel.version else { return false }
        return version < since
    }
}
