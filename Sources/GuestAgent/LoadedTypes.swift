// SPDX-License-Identifier: Apache-2.0

import CGuest

/// An object's types, loaded into the kernel for maps that are created before libbpf loads the object itself.
///
/// libbpf keeps what it loads to itself until then. Kernels that do not know all kinds of types refuse them as they are; then
/// there are none.
final class LoadedTypes {
    /// What a map's creation takes.
    struct Numbers {
        let descriptor: Int32
        let key: UInt32
        let value: UInt32
    }

    private let types: OpaquePointer?

    init(of object: OpaquePointer) {
        guard let own = bpf_object__btf(object) else {
            types = nil
            return
        }
        var size: UInt32 = 0
        let copy = btf__raw_data(own, &size).flatMap { btf__new($0, size) }
        if let copy, btf__load_into_kernel(copy) == 0 {
            types = copy
        } else {
            btf__free(copy)
            types = nil
        }
    }

    /// Of a map's keys and values; nil where there are none.
    func numbers(of map: OpaquePointer) -> Numbers? {
        let value = bpf_map__btf_value_type_id(map)
        guard let types, value != 0 else { return nil }
        return Numbers(descriptor: btf__fd(types), key: bpf_map__btf_key_type_id(map), value: value)
    }

    deinit {
        btf__free(types)
    }
}
