// SPDX-License-Identifier: Apache-2.0

/// What a program is for, as far as its section's name tells. The rules are those of libbpf 1.7's `attach_*` functions.
public enum AttachTarget: Sendable, Hashable {
    /// A function of the kernel that a kprobe is set on; `offset` is in bytes. Loading does not need it.
    case probedFunction(name: String, offset: Int)
    /// Functions by a pattern with `*` and `?` (`kprobe.multi`, `kprobe.session`). Loading does not need them.
    case functionPattern(String)
    /// A function that the kernel's BTF must have when the program is loaded (`fentry`, `fexit`, `fmod_ret`,
    /// `fsession`); of a module where one is named.
    case tracedFunction(name: String, module: String?)
    /// A trace event: `tp/sched/sched_switch`. Loading does not need it.
    case tracepoint(category: String, name: String)
    /// A tracepoint by its own name, without types (`raw_tp`). Loading does not need it.
    case rawTracepoint(String)
    /// The same with types: the kernel's BTF must have `btf_trace_NAME` when the program is loaded (`tp_btf`).
    case typedTracepoint(String)
    /// A hook of the security modules: the kernel's BTF must have `bpf_lsm_NAME` (`lsm`, `lsm_cgroup`).
    case securityHook(String)
    /// What is iterated over: the kernel's BTF must have `bpf_iter_NAME` (`iter`).
    case iterator(String)
    /// A system call without its prefix (`ksyscall`). Loading does not need it.
    case systemCall(String)
    /// A function in a file outside the kernel (`uprobe`, `usdt`), as written.
    case userFunction(String)
    /// A function of another BPF program (`freplace`), which its loader chooses.
    case programFunction(String)

    /// The name alone, as the section has it.
    public var name: String {
        switch self {
        case .probedFunction(let name, _), .tracedFunction(let name, _), .functionPattern(let name): name
        case .tracepoint(let category, let name): "\(category)/\(name)"
        case .rawTracepoint(let name), .typedTracepoint(let name), .securityHook(let name), .iterator(let name): name
        case .systemCall(let name), .userFunction(let name), .programFunction(let name): name
        }
    }

    /// What the kernel's BTF has to have under which name before the program can be loaded; nil where loading needs
    /// nothing of the kind (`find_kernel_btf_id` in libbpf).
    public var requiredType: (name: String, kind: RequiredKind)? {
        switch self {
        case .tracedFunction(let name, _): (name, .function)
        case .typedTracepoint(let name): ("btf_trace_\(name)", .typedef)
        case .securityHook(let name): ("bpf_lsm_\(name)", .function)
        case .iterator(let name): ("bpf_iter_\(name)", .function)
        default: nil
        }
    }

    /// A kind of entry in the kernel's BTF.
    public enum RequiredKind: Sendable, Hashable {
        case function
        case typedef
    }

    /// What stands behind the definition's name; nil where nothing does, or where the type takes no target: then a
    /// loader sets it, or there is none.
    init?(_ section: String, _ definition: SectionDefinition) {
        guard definition.takesTarget, section.count > definition.name.count else { return nil }
        let text = String(section.dropFirst(definition.name.count + 1))
        guard !text.isEmpty else { return nil }
        switch definition.name {
        case "kprobe", "kretprobe": self = Self.probed(text)
        case "kprobe.multi", "kretprobe.multi", "kprobe.session": self = .functionPattern(text)
        case "ksyscall", "kretsyscall": self = .systemCall(text)
        case "tp", "tracepoint":
            guard let slash = text.firstIndex(of: "/") else { return nil }
            let name = String(text[text.index(after: slash)...])
            self = .tracepoint(category: String(text[..<slash]), name: name)
        case "raw_tp", "raw_tracepoint", "raw_tp.w", "raw_tracepoint.w": self = .rawTracepoint(text)
        case "tp_btf": self = .typedTracepoint(text)
        case "lsm", "lsm.s", "lsm_cgroup": self = .securityHook(text)
        case "iter", "iter.s": self = .iterator(text)
        case "freplace": self = .programFunction(text)
        default:
            switch definition.type {
            case .tracing: self = Self.traced(text)
            case .kprobe: self = .userFunction(text)
            default: return nil
            }
        }
    }

    /// `do_exit+0x10`: libbpf reads a name of letters, digits, `_` and `.`, and a number as C writes it.
    private static func probed(_ text: String) -> AttachTarget {
        let name = text.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ".") }
        let offset = text.dropFirst(name.count)
        guard offset.first == "+" else { return .probedFunction(name: String(name), offset: 0) }
        let digits = offset.dropFirst().lowercased()
        let number = digits.hasPrefix("0x") ? Int(digits.dropFirst(2), radix: 16) : Int(digits)
        return .probedFunction(name: String(name), offset: number ?? 0)
    }

    /// `module:function`, or the function alone.
    private static func traced(_ text: String) -> AttachTarget {
        guard let colon = text.firstIndex(of: ":") else { return .tracedFunction(name: text, module: nil) }
        return .tracedFunction(name: String(text[text.index(after: colon)...]), module: String(text[..<colon]))
    }
}
