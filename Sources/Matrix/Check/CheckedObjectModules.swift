// SPDX-License-Identifier: Apache-2.0

import BPFObject
import BTF
import CompatibilityCheck
import KernelProfile
import KernelStore

/// What the objects of a check have to do with the modules of one kernel.
struct CheckedObjectModules {
    private let index: ModuleIndex
    private let objects: [ObjectModules]
    /// Of the modules that any object needs.
    private let types: [String: BTFTypes]

    /// - Returns: nil where the kernel's modules are not known, or decide about none of these objects.
    /// - Throws: `KernelStoreError` where what the store has of the modules can't be read.
    init?(
        of objects: [TestObject],
        on kernel: CheckedKernel,
        from supply: ModuleSupply,
        isLoading: Bool
    ) async throws {
        guard objects.contains(where: { Self.mayNeedModules($0, on: kernel) }), let index = try await supply.index()
        else { return nil }
        self.index = index
        self.objects = try await supply.modules(for: objects, in: index, isLoading: isLoading)
        var types: [String: BTFTypes] = [:]
        if case .present(let own) = kernel.types {
            for file in self.objects.flatMap(\.files) where types[file.name] == nil {
                try Task.checkCancellation()
                types[file.name] = ModuleExports.types(of: file.bytes, kernel: own)
            }
        }
        self.types = types
    }

    /// Reading what modules have takes longer than checking most objects.
    private static func mayNeedModules(_ object: TestObject, on kernel: CheckedKernel) -> Bool {
        if !object.read.neededNames.names.isEmpty { return true }
        return object.contents.programs.contains { program in
            switch program.target {
            case .probedFunction(let name, _): kernel.profile?.function(name) == nil
            case .rawTracepoint(let name): kernel.profile?.rawTracepoint(name) == .absent
            default: false
            }
        }
    }

    /// - Parameter place: the object's among those of the check.
    func known(to place: Int) -> CheckedModules? {
        guard objects.indices.contains(place) else { return nil }
        let object = objects[place]
        return CheckedModules(
            loaded: object.plan.order.map { ($0, types[$0]) },
            facts: object.facts,
            index: index
        )
    }

    /// The modules that the object needs itself, without those that they depend on; nil where it needs none.
    func needed(by place: Int) -> [String]? {
        guard objects.indices.contains(place), !objects[place].plan.isEmpty else { return nil }
        return objects[place].plan.needs.map(\.module)
    }
}
