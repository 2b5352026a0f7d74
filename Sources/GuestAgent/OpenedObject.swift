// SPDX-License-Identifier: Apache-2.0

import CGuest
import Glibc
import GuestProtocol
import LoaderContract

/// An object that libbpf has opened and not yet loaded; closed when the last reference goes.
final class OpenedObject {
    let handle: OpaquePointer
    /// What the contract set in it.
    private let applied: AppliedContract

    private init(handle: OpaquePointer, _ contract: LoaderContract) {
        self.handle = handle
        applied = AppliedContract(contract, in: handle)
    }

    deinit {
        bpf_object__close(handle)
    }

    /// What the program may be attached to, the first of which libbpf knows; empty where the object says it itself.
    func targets(of program: String) -> [StandInTarget] { applied.targets[program] ?? [] }

    static func open(_ request: LoadRequest, messages: LoaderMessages) -> Result<OpenedObject, Refusal> {
        let handle = request.name.withCString { name in
            var options = bpf_object_open_opts()
            options.sz = MemoryLayout<bpf_object_open_opts>.size
            options.object_name = name
            return (GuestSystem.externalBTF ?? "").withCString { btf in
                if GuestSystem.externalBTF != nil { options.btf_custom_path = btf }
                return request.object.withUnsafeBytes { bpf_object__open_mem($0.baseAddress, $0.count, &options) }
            }
        }
        let error = errno
        guard let handle else { return .failure(Refusal(errno: error, warnings: messages.text)) }
        return .success(OpenedObject(handle: handle, request.contract))
    }

    /// Entry points, in the object's order; functions that are only called by them are not among them.
    var programNames: [String] { programs.map { Self.name($0) } }

    /// Switches on the programs named and all others off, and leaves maps that were refused uncreated: code that
    /// reaches one of those is refused by the verifier, code that does not is judged as it stands.
    func select(programs selected: Set<String>, withoutMaps refused: Set<String>) {
        for program in programs {
            bpf_program__set_autoload(program, selected.contains(Self.name(program)))
        }
        for map in maps where refused.contains(Self.name(ofMap: map)) {
            bpf_map__set_autocreate(map, false)
        }
    }

    /// The program whose instructions begin at `instructions`; nil for a probe of libbpf's own.
    func program(at instructions: UnsafePointer<bpf_insn>?) -> OpaquePointer? {
        programs.first { bpf_program__insns($0) == instructions }
    }

    /// A report on a program that libbpf gave up on before it asked the kernel.
    func programReport(_ name: String, request: UInt32, errno: Int32, warnings: String) -> ProgramReport {
        let program = programs.first { Self.name($0) == name }
        return ProgramReport(
            request: request,
            program: name,
            section: program.map { Self.section($0) } ?? "",
            type: program.map { bpf_program__type($0).rawValue } ?? 0,
            stage: .loader,
            errno: errno,
            log: [],
            isLogCut: false,
            warnings: warnings
        )
    }

    func mapReport(_ name: String, request: UInt32, errno: Int32, warnings: String) -> MapReport {
        let index = maps.firstIndex { Self.name(ofMap: $0) == name }
        let map = index.map { maps[$0] }
        return MapReport(
            request: request,
            map: name,
            index: UInt32(index ?? 0),
            type: map.map { bpf_map__type($0).rawValue } ?? 0,
            maxEntries: map.map { bpf_map__max_entries($0) } ?? 0,
            errno: errno,
            warnings: warnings
        )
    }

    static func name(_ program: OpaquePointer) -> String {
        bpf_program__name(program).map { String(cString: $0) } ?? ""
    }

    static func section(_ program: OpaquePointer) -> String {
        bpf_program__section_name(program).map { String(cString: $0) } ?? ""
    }

    private static func name(ofMap map: OpaquePointer) -> String {
        bpf_map__name(map).map { String(cString: $0) } ?? ""
    }

    private var programs: [OpaquePointer] {
        var programs: [OpaquePointer] = []
        while let program = bpf_object__next_program(handle, programs.last) { programs.append(program) }
        return programs
    }

    private var maps: [OpaquePointer] {
        var maps: [OpaquePointer] = []
        while let map = bpf_object__next_map(handle, maps.last) { maps.append(map) }
        return maps
    }
}
