// SPDX-License-Identifier: Apache-2.0

import KernelProfile
import KernelStore
import ModuleNeeds
import VerifierLog

/// What an object has to do with the modules of one kernel.
struct ObjectModules: Sendable, Hashable {
    /// What a guest loads before the object.
    let plan: ModulePlan
    /// The plan's modules, in its order.
    let files: [ModuleFile]
    /// `ModuleSet.contents`; nil where nothing is loaded.
    let contents: String?
    /// What is known of the modules that have a name that the object needs and the kernel itself does not have.
    let facts: Evidence.ModuleFacts

    /// Why it is not known what modules have; nil where it is known, or the kernel came without any.
    var failure: String?

    static let none = ObjectModules(plan: .none, files: [], contents: nil, facts: Evidence.ModuleFacts())

    static func notKnown(_ reason: String) -> ObjectModules {
        var modules = ObjectModules.none
        modules.failure = reason
        return modules
    }

    /// By which answers are told apart; empty where nothing is loaded.
    var identity: String {
        contents.map { "modules \(plan.order.joined(separator: " ")) of \($0)" } ?? ""
    }

    /// The modules that the object needs itself, without those that they depend on; `nf_conntrack (func nf_conntrack_in)`.
    var reasons: [String] {
        plan.needs.map { need in
            let shown = need.names.prefix(Self.mostNames).map(\.description).joined(separator: ", ")
            let rest = need.names.count - Self.mostNames
            return "\(need.module) (\(shown)\(rest > 0 ? " and \(rest) more" : ""))"
        }
    }

    private static let mostNames = 3
}

/// Finds out which modules objects need on a kernel, and brings them.
struct ModuleSupply {
    let store: KernelStore
    let kernel: Kernel

    /// In the order of the objects.
    ///
    /// - Parameter isLoading: modules are loaded, and not only known.
    /// - Throws: `KernelStoreError` where what the store has of the kernel's modules can't be read.
    func modules(for objects: [TestObject], isLoading: Bool) async throws -> [ObjectModules] {
        guard objects.contains(where: { !$0.read.neededNames.names.isEmpty }), let index = try await index() else {
            return objects.map { _ in .none }
        }
        return try await modules(for: objects, in: index, isLoading: isLoading)
    }

    /// What the kernel's modules have; nil where it came without any, or in a record from before they were kept.
    func index() async throws -> ModuleIndex? { try await store.moduleIndex(of: kernel) }

    func modules(for objects: [TestObject], in index: ModuleIndex, isLoading: Bool) async throws -> [ObjectModules] {
        guard let contents = kernel.allModules?.contents else { return objects.map { _ in .none } }
        let needed = objects.map(\.read.neededNames)
        let plans = needed.map { isLoading ? ModulePlan(for: $0, in: index) : .none }
        let wanted = Set(plans.flatMap(\.order))
        let files = Dictionary(
            uniqueKeysWithValues: try await store.modules(wanted.sorted(), of: kernel).map { ($0.name, $0) }
        )
        return zip(needed, plans).map { needed, plan in
            ObjectModules(
                plan: plan,
                files: plan.order.compactMap { files[$0] },
                contents: plan.isEmpty ? nil : contents,
                facts: Evidence.ModuleFacts(of: needed, in: index)
            )
        }
    }
}

extension Evidence.ModuleFacts {
    fileprivate init(of needed: NeededNames, in index: ModuleIndex) {
        var homes: [String: [String]] = [:]
        for name in needed.names {
            var modules = index.modules(providing: name)
            // Where modules carry no types, their symbols are all that is known of them.
            if modules.isEmpty, name.kind == .function {
                modules = index.modules(having: KernelName(.symbol, name.name))
            }
            if !modules.isEmpty { homes[name.name] = modules }
        }
        self.init(homes: homes, haveTypes: index.hasTypes)
    }
}
