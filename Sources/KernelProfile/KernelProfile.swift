// SPDX-License-Identifier: Apache-2.0

/// What a kernel is for BPF: what can be attached to, and what a program may use. Told by a guest that runs it, once, and
/// kept; asked without one.
///
/// Every question about a name is a binary search in the bytes that were read. What the kernel did not tell, or nobody
/// tried, is `notKnown`: never a guess.
public struct KernelProfile: Sendable, Hashable {
    public var facts: ProfileFacts
    /// nil where the kernel has no `/proc/kallsyms`.
    var functions: NameTable?
    /// `category:name`
    var traceEvents: NameTable?
    var rawTracepoints: NameTable?
    var hooks: NameTable?
    var kfuncs: NameTable?
    /// The kernel's own where it carries it, else the one that came with it; nil where there is neither.
    public var configuration: KernelConfiguration?
    /// What its modules have, as their files say; nil where it came without them. Not a part of what is kept of a guest's account.
    public var modules: ModuleIndex?

    /// Why bytes are no profile.
    public enum Refusal: Error, Hashable, CustomStringConvertible {
        case notAProfile
        case otherForm(UInt32)
        case damaged(String)

        public var description: String {
            switch self {
            case .notAProfile: "it is no kernel's profile"
            case .otherForm(let form): "it is of form \(form), not \(KernelProfile.form)"
            case .damaged(let what): "it is damaged: \(what)"
            }
        }
    }

    // MARK: What can be attached to

    /// nil where the kernel has none of that name, or did not say which it has (`functionCount`).
    public func function(_ name: String) -> KernelFunction? {
        guard let code = functions?[name].map(FunctionCode.init) else { return nil }
        let module = facts.modules.indices.contains(code.module - 1) ? facts.modules[code.module - 1] : nil
        return KernelFunction(properties: code.properties, module: module)
    }

    /// Whether a kprobe at the function's entry is let in: it is not on the blacklist, and, unless the kernel was built
    /// otherwise, ftrace could be attached to it. Needs `CONFIG_KPROBE_EVENTS` besides. Of a name that several functions
    /// have it is not known (`KernelFunction.Properties.ambiguous`).
    public func kprobe(_ name: String) -> Finding {
        guard let functions else { return .notKnown }
        return functions[name].map { kprobe(FunctionCode($0)) } ?? .absent
    }

    private func kprobe(_ code: FunctionCode) -> Finding {
        guard code.properties.contains(.symbol), !code.properties.contains(.blacklisted) else { return .absent }
        guard facts.tellsProbeBlacklist else { return .notKnown }
        if code.properties.contains(.ambiguous) { return .notKnown }
        if !code.properties.isDisjoint(with: [.traceable, .partOfTraceable]) { return .present }
        guard let configuration else { return .notKnown }
        if !configuration.keepsProbesToTraceable { return .present }
        return facts.tellsTraceable ? .absent : .notKnown
    }

    /// Whether fentry and fexit can be attached to the function. They need the type of a module's function from the
    /// module's own BTF, which is not looked at; of several functions with the name the kernel takes whichever it finds first.
    public func fentry(_ name: String) -> Finding {
        guard let functions, facts.tellsTraceable, facts.typeCount != nil else { return .notKnown }
        return functions[name].map { fentry(FunctionCode($0)) } ?? .absent
    }

    private func fentry(_ code: FunctionCode) -> Finding {
        if code.module != 0 { return .notKnown }
        guard code.properties.isSuperset(of: [.traceable, .typed]) else { return .absent }
        return code.properties.contains(.ambiguous) ? .notKnown : .present
    }

    /// A tracepoint of trace events (`tracepoint/sched/sched_switch`), those of system calls included.
    public func traceEvent(_ category: String, _ name: String) -> Finding {
        Self.finding("\(category):\(name)", in: traceEvents)
    }

    /// A tracepoint by its own name: `raw_tracepoint/sched_switch`, `tp_btf/sched_switch`.
    public func rawTracepoint(_ name: String) -> Finding { Self.finding(name, in: rawTracepoints) }

    /// Whether programs can be attached to a hook of the security modules (`lsm/file_open`), and are asked there: the hook
    /// may exist where `bpf` is not among the modules in force. A few hooks that later kernels have but keep programs away
    /// from (`bpf_lsm_disabled_hooks`) can't be told from here.
    public func hook(_ name: String) -> Finding {
        guard let modules = facts.securityModules else { return .notKnown }
        return modules.contains("bpf") ? hookExists(name) : .absent
    }

    /// Whether the kernel was built with the hook, in force or not.
    public func hookExists(_ name: String) -> Finding { Self.finding(name, in: hooks) }

    // MARK: What a program may use

    /// By its number in `enum bpf_prog_type`.
    public func programType(_ number: UInt32) -> Finding { facts.programTypes.finding(number) }

    /// By its number in `enum bpf_map_type`.
    public func mapType(_ number: UInt32) -> Finding { facts.mapTypes.finding(number) }

    /// Whether the verifier lets a program call a helper, by its number in `enum bpf_func_id`.
    ///
    /// - Parameters:
    ///   - attachType: `enum bpf_attach_type`, on which the kernel lets some helpers depend: the answer is for exactly this
    ///     one, and `notKnown` where it was not tried. nil takes the program type's any: present if any of those that
    ///     were tried has the helper.
    ///   - isSleepable: as `attachType`.
    public func helper(
        _ helper: UInt32,
        programType: UInt32,
        attachType: UInt32? = nil,
        isSleepable: Bool? = nil
    ) -> Finding {
        let answers = facts.helpers.filter { answer in
            answer.programType == programType && answer.attachType == attachType ?? answer.attachType
                && answer.isSleepable == isSleepable ?? answer.isSleepable
        }
        let findings = answers.filter { $0.obstacle == nil }.map { $0.finding(helper) }
        if findings.contains(.present) { return .present }
        return findings.isEmpty || findings.contains(.notKnown) ? .notKnown : .absent
    }

    /// Whether the verifier, and the JIT, know an instruction.
    public func instruction(_ instruction: KernelInstruction) -> Finding { facts.instructions.finding(instruction) }

    /// Whether a function is open to be called by programs. Only kernels whose BTF marks them tell (`bpf_kfunc`; 6.10 and
    /// later, as most are built).
    public func kfunc(_ name: String) -> Finding { Self.finding(name, in: kfuncs) }

    // MARK: How much there is

    /// Functions in the kernel's text and its modules; nil where the kernel did not say.
    public var functionCount: Int? {
        functions?.count { FunctionCode($0).properties.contains(.symbol) }
    }

    /// Those that a kprobe is let into by their name; nil where the kernel did not say what decides it.
    public var kprobeCount: Int? {
        guard facts.tellsProbeBlacklist, let configuration else { return nil }
        guard facts.tellsTraceable || !configuration.keepsProbesToTraceable else { return nil }
        return functions?.count { kprobe(FunctionCode($0)) == .present }
    }

    /// Those that fentry can be attached to; nil where the kernel did not say.
    public var fentryCount: Int? {
        guard facts.tellsTraceable, facts.typeCount != nil else { return nil }
        return functions?.count { fentry(FunctionCode($0)) == .present }
    }

    public var traceEventCount: Int? { traceEvents?.count }
    public var rawTracepointCount: Int? { rawTracepoints?.count }
    public var hookCount: Int? { hooks?.count }
    public var kfuncCount: Int? { kfuncs?.count }

    private static func finding(_ name: String, in table: NameTable?) -> Finding {
        guard let table else { return .notKnown }
        return table[name] == nil ? .absent : .present
    }
}
