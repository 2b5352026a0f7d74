// SPDX-License-Identifier: Apache-2.0

import ByteReader
import ELF

/// What a module says of itself in `.modinfo`: strings such as `depends=virtio_ring,virtio`.
struct ModuleInformation: Hashable {
    let dependencies: [String]

    /// nil where the bytes are no module.
    init?(_ bytes: [UInt8]) {
        guard let file = try? ELFFile(bytes),
            let section = file.section(named: ".modinfo"),
            let contents = try? file.contents(of: section)
        else { return nil }
        let fields = contents.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        dependencies =
            fields.first { $0.hasPrefix("depends=") }
            .map { $0.dropFirst("depends=".count).split(separator: ",").map(String.init) } ?? []
    }
}

/// The modules that are needed for some, each after those that it depends on.
enum ModuleOrder {
    /// - Parameter dependencies: of a module by its name; nil where there is no such module, because it is built in.
    static func order(
        of wanted: [String],
        dependencies: (String) throws(KernelStoreError) -> [String]?
    ) throws(KernelStoreError) -> [String] {
        var ordered: [String] = []
        var seen: Set<String> = []
        // Depth first; a module is put down when all below it have been. A cycle, which depmod refuses, ends at the
        // module that was seen before.
        func visit(_ name: String) throws(KernelStoreError) {
            guard seen.insert(name).inserted, let below = try dependencies(name) else { return }
            for dependency in below { try visit(canonical(dependency)) }
            ordered.append(name)
        }
        for name in wanted { try visit(canonical(name)) }
        return ordered
    }

    /// Modules are called by either spelling: `virtio-pci.ko` is `virtio_pci`.
    static func canonical(_ name: String) -> String { name.replacing("-", with: "_") }
}
