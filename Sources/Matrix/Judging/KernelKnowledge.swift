// SPDX-License-Identifier: Apache-2.0

import BPFObject
import BTF
import CompatibilityCheck
import Foundation
import KernelProfile
import KernelStore
import VerifierLog

/// What is known of a kernel without asking it, for whoever explains what it said.
struct KernelKnowledge: Sendable {
    private(set) var facts: Evidence.KernelFacts
    let profile: KernelProfile?
    private let types: BTFTypes?

    /// Nothing at all.
    static let none = KernelKnowledge(facts: Evidence.KernelFacts(), profile: nil, types: nil)

    private init(facts: Evidence.KernelFacts, profile: KernelProfile?, types: BTFTypes?) {
        self.facts = facts
        self.profile = profile
        self.types = types
    }

    /// Reads what the store has of it: its profile, or else its configuration. What can't be read is not known.
    ///
    /// - Parameter store: nil where the kernel is in none.
    init(of kernel: Kernel, in store: KernelStore?) async {
        let profile = try? await store?.profile(of: kernel)
        let file = kernel.config.flatMap { store?.path(of: $0) }
        let text = profile == nil ? file.flatMap { FileManager.default.contents(atPath: $0.string) } : nil
        let configuration = profile?.configuration ?? text.map { KernelConfiguration([UInt8]($0)) }
        var switches: [ConfigurationSwitch: Bool] = [:]
        if let configuration {
            for name in ConfigurationSwitch.allCases {
                let value = configuration.value(of: name.rawValue)
                switches[name] = value == "y" || value == "m"
            }
        }
        self.profile = profile
        if case .present(let own)? = try? store?.ownTypes(of: kernel) { types = own } else { types = nil }
        facts = Evidence.KernelFacts(
            release: kernel.release,
            hasTypes: kernel.btf != nil && !kernel.isBTFExternal,
            configuration: switches,
            securityModules: profile?.facts.securityModules
        )
    }

    /// The same, of a guest.
    ///
    /// - Parameters:
    ///   - memory: MiB; nil where no guest was asked.
    ///   - modules: those that have what an object needs, and what became of them.
    func inGuest(memory: Int?, modules: Evidence.ModuleFacts) -> KernelKnowledge {
        var known = self
        known.facts.memory = memory
        known.facts.modules = modules
        return known
    }

    /// As predictions know it, without its types.
    var checked: CheckedKernel { CheckedKernel(version: facts.release ?? "", profile: profile, types: .notKnown) }

    /// How the kernel declares a kfunc that an object declares otherwise; nil where it does not have it, or has it so.
    func declarations(ofKfunc name: String, in object: ObjectContents) -> Evidence.KfuncDeclarations? {
        guard let types, let own = object.types,
            let extern = object.externs.first(where: { $0.name == name && $0.kind == .function }),
            CheckedKernel(version: "", profile: nil, types: .present(types)).has(otherwise: extern, in: object),
            let id = types.id(named: extern.essentialName, kind: .function)
        else { return nil }
        return Evidence.KfuncDeclarations(
            object: own.declaration(of: extern.type),
            kernel: types.declaration(of: id),
            undefinedStructure: Self.undefinedStructure(in: extern.type, of: own)
        )
    }

    /// The first structure that a function takes a pointer to and that the object does not define: for libbpf it is never the kernel's.
    private static func undefinedStructure(in function: UInt32, of types: BTFTypes) -> String? {
        guard let prototype = types.type(function)?.target.flatMap({ types.type($0) }) else { return nil }
        return prototype.parameters.lazy.compactMap { parameter -> String? in
            guard let pointer = types.resolved(parameter.type), pointer.kind == .pointer,
                let pointed = pointer.target.flatMap({ types.resolved($0) }), pointed.kind == .forward
            else { return nil }
            return pointed.name.text
        }.first
    }

    /// By the number in `enum bpf_map_type`; nil where nobody has tried.
    func hasMapType(_ number: UInt32) -> Bool? {
        switch profile?.mapType(number) {
        case .present: true
        case .absent: false
        case .notKnown, nil: nil
        }
    }
}
