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
        // Depth first; a module is put down when all below it have been. A cycle, which depmod refuses, ends at the module that was
        // seen before. With a stack of its own, since files say how deep it goes.
        var open: [(name: String, below: ArraySlice<String>)] = []
        func enter(_ name: String) throws(Failure) {
            guard seen.insert(name).inserted, let below = try dependencies(name) else { return }
            open.append((name, below.map(canonical)[...]))
        }
        for name in wanted {
            try enter(canonical(name))
            while let last = open.indices.last {
                if let dependency = open[last].below.popFirst() {
                    try enter(dependency)
                } else {
                    ordered.append(open[last].name)
                    open.removeLast()
                }
            }
        }
        return ordered
    }

    /// Modules are called by either spelling: `virtio-pci.ko` is `virtio_pci`.
    public static func canonical(_ name: String) -> String { name.replacing("-", with: "_") }
}
