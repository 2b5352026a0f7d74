// SPDX-License-Identifier: Apache-2.0

import BPFObject
import BTF
import CORE

/// Something in an object of which libbpf makes something else since some version: another program, another map, or another
/// request reaches the kernel. What one version of libbpf gets for an answer then says nothing of the other's.
///
/// What an older libbpf does not load at all, such as a section of a name that it does not know, is not listed: it fails before it
/// asks the kernel, which its output shows.
struct LibbpfDifference: Sendable {
    let since: LibbpfVersion
    /// What it is, for people: `arenas`.
    let subject: String
    /// One of these is in what is printed of a program's refusal that comes of it; empty where that can be anything.
    private let signs: [String]
    private let concernsProgram: @Sendable (LinkedProgram) -> Bool
    private let concernsMap: @Sendable (BPFMap) -> Bool

    /// What a loader was refused.
    enum Part: Sendable {
        case program(LinkedProgram)
        case map(BPFMap)
    }

    private init(
        _ since: LibbpfVersion,
        _ subject: String,
        signs: [String] = [],
        program: @escaping @Sendable (LinkedProgram) -> Bool = { _ in false },
        map: @escaping @Sendable (BPFMap) -> Bool = { _ in false }
    ) {
        self.since = since
        self.subject = subject
        self.signs = signs
        concernsProgram = program
        concernsMap = map
    }

    private func concerns(_ part: Part, _ output: String?) -> Bool {
        switch part {
        case .program(let program):
            concernsProgram(program)
                && (signs.isEmpty || output.map { text in signs.contains { text.contains($0) } } ?? true)
        // Of a map the kernel says no more than an errno.
        case .map(let map): concernsMap(map)
        }
    }

    /// The first that lies between two versions and concerns the part; nil where both hand the same to the kernel.
    ///
    /// - Parameters:
    ///   - one: nil for a version before all of them.
    ///   - output: what was printed of the part's refusal; nil where there is nothing of that kind.
    static func between(
        _ one: LibbpfVersion?,
        _ other: LibbpfVersion?,
        for part: Part,
        in output: String?
    ) -> LibbpfDifference? {
        all.first { difference in
            let isOneOlder = one.map { $0 < difference.since } ?? true
            let isOtherOlder = other.map { $0 < difference.since } ?? true
            return isOneOlder != isOtherOlder && difference.concerns(part, output)
        }
    }

    /// Out of libbpf's history, from 1.0 on: src/libbpf.c, relo_core.c, libbpf_probes.c.
    private static let all: [LibbpfDifference] = [
        LibbpfDifference(
            LibbpfVersion(1, 4),
            "arenas",
            signs: ["arena", "addr_space_cast"],
            program: { program in program.mapUses.contains { program.contents.maps[$0.thing].definition.isArena } },
            map: \.definition.isArena
        ),
        // Debian and others have an older version in `uname -r` than the kernel is.
        LibbpfDifference(LibbpfVersion(1, 2), "a LINUX_KERNEL_VERSION that is not the one in uname -r") {
            $0.externVariables.contains { $0.thing.name == "LINUX_KERNEL_VERSION" }
        },
        LibbpfDifference(LibbpfVersion(1, 3), "callbacks for exceptions (__exception_cb())") {
            $0.hasTag { $0.hasPrefix("exception_callback:") }
        },
        LibbpfDifference(
            LibbpfVersion(1, 2),
            "calls of weak kfuncs that the kernel does not have",
            // By line of Linux, the newest first.
            signs: [
                "invalid kernel function call not eliminated", "kernel btf_id 0 is not a function",
                "BPF_CALL uses reserved fields",
            ]
        ) { $0.kernelFunctionCalls.contains { $0.thing.isWeak } },
        LibbpfDifference(
            LibbpfVersion(1, 2),
            "addresses of modules' kfuncs, as bpf_ksym_exists() takes them",
            signs: ["ldimm64"]
        ) { $0.externVariables.contains { $0.thing.kind == .function } },
        LibbpfDifference(LibbpfVersion(1, 3), "flavours of kfuncs (name___flavour)") { program in
            (program.kernelFunctionCalls + program.externVariables).contains {
                $0.thing.kind == .function && $0.thing.name != $0.thing.essentialName
            }
        },
        LibbpfDifference(
            LibbpfVersion(1, 2),
            "struct_ops that are attached by links (.struct_ops.link)",
            program: { program in
                program.program.type == .structOps && program.contents.maps.contains(where: \.isLinkedStructOps)
            },
            map: \.isLinkedStructOps
        ),
        LibbpfDifference(
            LibbpfVersion(1, 4),
            "optional struct_ops (?.struct_ops)",
            program: { program in
                program.program.type == .structOps && program.contents.maps.contains(where: \.isOptionalStructOps)
            },
            map: \.isOptionalStructOps
        ),
        LibbpfDifference(LibbpfVersion(1, 4), "the context as an argument of global functions (__arg_ctx)") {
            $0.hasTag { $0 == "arg:ctx" }
        },
        LibbpfDifference(LibbpfVersion(1, 7), "tables of jumps") { program in
            program.functions.contains { $0.references.contains { $0.target == .jumpTable } }
        },
        // A perf_event_array in a map of maps gets an entry for each CPU.
        LibbpfDifference(
            LibbpfVersion(1, 4),
            "inner maps without max_entries",
            map: { $0.inner?.maxEntries == 0 }
        ),
        // Of a kind that is no integer.
        LibbpfDifference(LibbpfVersion(1, 3), "the sign of a field (BPF_CORE_READ_BITFIELD())") {
            $0.relocations.contains { $0.thing.record.kind == CORERelocationKind.fieldSigned.rawValue }
        },
    ]
}

extension BPFMap {
    fileprivate var isLinkedStructOps: Bool { origin == .structOps && definition.isAttachedByLink }
    fileprivate var isOptionalStructOps: Bool { origin == .structOps && !isCreated }
}

extension LinkedProgram {
    /// Whether one of its functions, or an argument of one, has a tag (`__attribute__((btf_decl_tag("…")))`).
    fileprivate func hasTag(_ isMeant: (String) -> Bool) -> Bool {
        guard let types = contents.types else { return false }
        let names = Set(functions.map(\.name))
        return types.ownIDs.contains { id in
            guard let tag = types.type(id), tag.kind == .declarationTag, isMeant(tag.name.text),
                let function = types.type(tag.target ?? 0), function.kind == .function
            else { return false }
            return names.contains(function.name.text)
        }
    }
}
