// SPDX-License-Identifier: Apache-2.0

import KernelProfile

/// The modules of one kernel that an object needs to be loaded.
public struct ModulePlan: Sendable, Hashable {
    /// A module, and what it has that is needed.
    public struct Need: Sendable, Hashable {
        public let module: String
        /// Never empty.
        public let names: [KernelName]
    }

    /// In the order in which the object first needs them.
    public let needs: [Need]
    /// What is to be loaded, in that order: the modules needed, and those that they depend on.
    public let order: [String]

    public static let none = ModulePlan(needs: [], order: [])

    public var isEmpty: Bool { needs.isEmpty }

    private init(needs: [Need], order: [String]) {
        self.needs = needs
        self.order = order
    }

    /// Of modules without types nothing is to be had: kernels before 5.11 have none.
    public init(for needed: NeededNames, in index: ModuleIndex) {
        guard index.hasTypes else {
            self = .none
            return
        }
        var homes: [(name: KernelName, modules: [String])] = []
        for name in needed.names {
            let named = (needed.modules[name] ?? []).map(ModuleOrder.canonical).filter(index.has)
            homes += named.map { (name, [$0]) }
            if needed.anywhere.contains(name) || named.isEmpty {
                let modules = index.modules(providing: name)
                if !modules.isEmpty { homes.append((name, modules)) }
            }
        }
        // What only one module has decides first: it may bring what others have too.
        var chosen = Set(homes.filter { $0.modules.count == 1 }.flatMap(\.modules))
        var loaded = Set(index.order(of: chosen.sorted()))
        var order: [String] = []
        var names: [String: [KernelName]] = [:]
        for (name, modules) in homes {
            let module = modules.first(where: loaded.contains) ?? index.mostFundamental(of: modules)
            if chosen.insert(module).inserted { loaded.formUnion(index.order(of: [module])) }
            if names[module] == nil { order.append(module) }
            // One section may name the module, and another leave it open.
            if names[module]?.contains(name) != true { names[module, default: []].append(name) }
        }
        self.init(
            needs: order.map { Need(module: $0, names: names[$0] ?? []) },
            order: index.order(of: order)
        )
    }
}

extension ModuleIndex {
    /// The modules that bring the name; a symbol's name is that of a function too.
    public func modules(providing name: KernelName) -> [String] {
        let modules = modules(having: name)
        guard modules.isEmpty, name.kind == .symbol else { return modules }
        return self.modules(having: KernelName(.function, name.name))
    }

    /// The one that most of the others depend on: a type is repeated in each module that uses it, and belongs to the one below.
    /// Among equals the one that depends on least, and then the first by name.
    fileprivate func mostFundamental(of modules: [String]) -> String {
        let closures = modules.map { Set(order(of: [$0])) }
        let ranked = zip(modules, closures).map { module, closure in
            (module: module, users: closures.count { $0.contains(module) }, size: closure.count)
        }
        let best = ranked.min { ($1.users, $0.size, $0.module) < ($0.users, $1.size, $1.module) }
        return best?.module ?? modules.first ?? ""
    }
}
