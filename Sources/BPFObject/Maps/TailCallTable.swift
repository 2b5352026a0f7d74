// SPDX-License-Identifier: Apache-2.0

/// A table of tail calls (`BPF_MAP_TYPE_PROG_ARRAY`) and the programs that use it. The kernel lets it belong to the kind of its
/// first user (`bpf_prog_map_compatible()` in kernel/bpf/core.c).
public struct TailCallTable: Sendable, Hashable {
    public let name: String
    /// In the order in which libbpf loads them.
    public let users: [User]

    /// A program that names the table, and what of it the kernel compares.
    public struct User: Sendable, Hashable {
        public let program: String
        /// The place of the program among the object's.
        public let index: Int
        /// Where it first names the table.
        public let instruction: Int
        /// Loaders leave it out unless told otherwise.
        public let isOptional: Bool
        public let type: ProgramType
        /// `expected_attach_type`, as the kernel keeps it.
        public let attachType: UInt32
        /// libbpf chooses the attach type by what the kernel has (`usdt`).
        public let isAttachTypeChosen: Bool
        /// `BPF_F_XDP_HAS_FRAGS`
        public let takesFragments: Bool
        /// `BPF_F_SLEEPABLE`
        public let isSleepable: Bool
        /// What it is attached to by types; nil for programs of other kinds.
        public let target: AttachTarget?

        /// How one can't share a table with another: what a kernel compares.
        public enum Difference: Sendable, Hashable {
            case type
            case attachType
            case fragments
            case sleeping
            /// Attached to different functions, which have to have the same prototype.
            case target
        }

        /// All in which the two differ.
        public func differences(to other: User) -> [Difference] {
            var found: [Difference] = []
            if type != other.type { found.append(.type) }
            if attachType != other.attachType || isAttachTypeChosen != other.isAttachTypeChosen {
                found.append(.attachType)
            }
            if takesFragments != other.takesFragments { found.append(.fragments) }
            if isSleepable != other.isSleepable { found.append(.sleeping) }
            if target != other.target { found.append(.target) }
            return found
        }

        /// `cgroup_sock_addr (cgroup_udp4_sendmsg)`, as people tell kinds of programs apart.
        public var kind: String {
            let name = isSleepable ? "sleepable \(type.rawValue)" : type.rawValue
            var words = [AttachType.name(attachType)].filter { _ in attachType != 0 || type == .cgroupSkb }
            if takesFragments { words.append("several buffers") }
            if let target { words.append(target.name) }
            return words.isEmpty ? name : "\(name) (\(words.joined(separator: ", ")))"
        }
    }
}

extension ObjectContents {
    /// The tables that at least two programs use.
    ///
    /// - Parameter programs: all of the object's, linked.
    public func tailCallTables(_ programs: [LinkedProgram]) -> [TailCallTable] {
        let tables = maps.indices.filter { maps[$0].definition.holdsPrograms }
        guard !tables.isEmpty else { return [] }
        let uses = programs.map { program in
            Dictionary(program.mapUses.map { ($0.thing, $0.instruction) }) { first, _ in first }
        }
        return tables.compactMap { table in
            let users = programs.indices.compactMap { index in
                uses[index][table].flatMap { TailCallTable.User(programs[index].program, index, at: $0) }
            }
            return users.count > 1 ? TailCallTable(name: maps[table].name, users: users) : nil
        }
    }
}

extension TailCallTable.User {
    fileprivate init?(_ program: BPFProgram, _ index: Int, at instruction: Int) {
        guard let definition = program.definition else { return nil }
        self.program = program.name
        self.index = index
        self.instruction = instruction
        isOptional = program.isOptional
        type = definition.type
        attachType = definition.attachType ?? Self.attachType(where: definition.type)
        isAttachTypeChosen = definition.name.hasPrefix("usdt")
        takesFragments = definition.takesFragments
        isSleepable = definition.isSleepable
        target = definition.attachesByTypes || definition.type == .structOps ? program.target : nil
    }

    /// What the kernel takes where none is said (`bpf_prog_load_fixup_attach_type()` in kernel/bpf/syscall.c).
    private static func attachType(where type: ProgramType) -> UInt32 {
        switch type {
        case .cgroupSock: AttachType.number(named: "cgroup_inet_sock_create") ?? 0
        case .skReuseport: AttachType.number(named: "sk_reuseport_select") ?? 0
        default: 0
        }
    }
}
