// SPDX-License-Identifier: Apache-2.0

import CGuest
import Glibc
import LoaderContract

/// What a contract comes to in one opened object, by libbpf's means.
///
/// What can't be set stays as the object has it: libbpf or the kernel then says what is missing.
final class AppliedContract {
    /// Where a program may be attached to any of several: these, of which libbpf has been told the first.
    let targets: [String: [StandInTarget]]
    /// libbpf does not close the descriptors that it is given.
    private let innerMaps: [Int32]

    init(_ contract: LoaderContract, in object: OpaquePointer) {
        var targets: [String: [StandInTarget]] = [:]
        var innerMaps: [Int32] = []
        var objectTypes: LoadedTypes?
        for setting in contract.settings {
            switch setting {
            case .maxEntries(let name, let count):
                if let map = bpf_object__find_map_by_name(object, name) { _ = bpf_map__set_max_entries(map, count) }
            case .valueSize(let name, let bytes):
                if let map = bpf_object__find_map_by_name(object, name) { _ = bpf_map__set_value_size(map, bytes) }
            case .innerMaxEntries(let name, let count):
                guard let map = bpf_object__find_map_by_name(object, name), let inner = bpf_map__inner_map(map) else {
                    continue
                }
                // libbpf 1.7 does not survive bpf_map__set_max_entries() on what it keeps for an inner map.
                let complete = InnerMap(
                    type: bpf_map__type(inner).rawValue,
                    keySize: bpf_map__key_size(inner),
                    valueSize: bpf_map__value_size(inner),
                    maxEntries: count
                )
                if objectTypes == nil { objectTypes = LoadedTypes(of: object) }
                innerMaps += Self.set(
                    complete,
                    flags: bpf_map__map_flags(inner),
                    types: objectTypes?.numbers(of: inner),
                    in: map
                )
            case .innerMap(let name, let inner):
                guard let map = bpf_object__find_map_by_name(object, name) else { continue }
                innerMaps += Self.set(inner, flags: 0, in: map)
            case .anyTarget(let name):
                guard let program = bpf_object__find_program_by_name(object, name),
                    !ProbedProgram.isTargetKnown(of: program)
                else { continue }
                let known = ProbedProgram.targets(
                    of: bpf_program__type(program),
                    bpf_program__expected_attach_type(program),
                    isSleepable: bpf_program__flags(program) & UInt32(BPF_F_SLEEPABLE) != 0
                )
                guard let first = known.first,
                    bpf_program__set_attach_target(program, 0, first.plainName) == 0
                else { continue }
                targets[name] = known
            }
        }
        self.targets = targets
        self.innerMaps = innerMaps
    }

    /// - Returns: the descriptor to close when the object is; none where the kernel refuses such a map.
    ///
    /// - Parameter types: of its keys and values, which decide what programs may do with them: timers, locks.
    private static func set(
        _ inner: InnerMap,
        flags: UInt32,
        types: LoadedTypes.Numbers? = nil,
        in map: OpaquePointer
    ) -> [Int32] {
        func create(_ types: LoadedTypes.Numbers?) -> Int32 {
            var options = bpf_map_create_opts()
            options.sz = MemoryLayout<bpf_map_create_opts>.size
            options.map_flags = flags
            if let types {
                options.btf_fd = UInt32(bitPattern: types.descriptor)
                options.btf_key_type_id = types.key
                options.btf_value_type_id = types.value
            }
            return bpf_map_create(
                bpf_map_type(rawValue: inner.type),
                nil,
                inner.keySize,
                inner.valueSize,
                inner.maxEntries,
                &options
            )
        }
        var descriptor = create(types)
        // As libbpf does where the kernel takes no types of such a map.
        if descriptor < 0, types != nil { descriptor = create(nil) }
        guard descriptor >= 0 else { return [] }
        _ = bpf_map__set_inner_map_fd(map, descriptor)
        return [descriptor]
    }

    deinit {
        for descriptor in innerMaps { close(descriptor) }
    }
}
