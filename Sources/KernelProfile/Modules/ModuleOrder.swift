// SPDX-License-Identifier: Apache-2.0

/// The modules that are needed for some, each after those that it depends on.
public enum ModuleOrder {
    /// - Parameter dependencies: of a module by its name; nil where there is no such module, because it is built in.
    public static func order<Failure>(
        of wanted: [String],
        dependencies: (String) throws(Failure) -> [String]?
    ) throws(Failure) -> [String] {
        var ordered: [String] = []
        var seen: Set<String> = []
        // Depth first; a module is put down when all below it have been. A cycle, which depmod refuses, ends at the
        // module that was seen before.
        func visit(_ name: String) throws(Failure) {
            guard seen.insert(name).inserted, let below = try dependencies(name) else { return }
            for dependency in below { try visit(canonical(dependency)) }
            ordered.append(name)
        }
        for name in wanted { try visit(canonical(name)) }
        return ordered
    }

    /// Modules are called by either spelling: `virtio-pci.ko` is `virtio_pci`.
    public static func canonical(_ name: String) -> String { name.replacing("-", with: "_") }
}
