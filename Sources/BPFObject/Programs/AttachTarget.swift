// SPDX-License-Identifier: Apache-2.0

/// What a program is for, as far as its section's name tells. The rules are those of libbpf 1.7's `attach_*` functions.
public enum AttachTarget: Sendable, Hashable {
    /// A function of the kernel that a kprobe is set on; `offset` is in bytes; one below zero can't be attached. Loading
    /// does not need the function.
    case probedFunction(name: String, offset: Int)
    /// Functions by a pattern with `*` and `?` (`kprobe.multi`, `kprobe.session`). Loading does not need them.
    case functionPattern(String)
    /// A function that the kernel's BTF must have when the program is loaded (`fentry`, `fexit`, `fmod_ret`,
    /// `fsession`).
    case tracedFunction(name: String, module: String?)
    /// A trace event: `tp/sched/sched_switch`. Loading does not need it.
    case tracepoint(category: String, name: String)
    /// A tracepoint by its own name, without types (`raw_tp`). Loading does not need it.
    case rawTracepoint(String)
    /// The same with types: the kernel's BTF must have `btf_trace_NAME` when the program is loaded (`tp_btf`).
    case typedTracepoint(name: String, module: String?)
    /// A hook of the security modules: the kernel's BTF must have `bpf_lsm_NAME` (`lsm`, `lsm_cgroup`).
    case securityHook(name: String, module: String?)
    /// What is iterated over: the kernel's BTF must have `bpf_iter_NAME` (`iter`).
    case iterator(name: String, module: String?)
    /// A system call without its prefix (`ksyscall`). Loading does not need it.
    case systemCall(String)
    /// A function in a file outside the kernel (`uprobe`, `usdt`), as written.
    case userFunction(String)
    /// A function of another BPF program (`freplace`), which its loader chooses.
    case programFunction(String)

    /// The name alone, as the section has it, without a module.
    public var name: String {
        switch self {
        case .probedFunction(let name, _), .functionPattern(let name), .rawTracepoint(let name): name
        case .tracedFunction(let name, _), .typedTracepoint(let name, _): name
        case .securityHook(let name, _), .iterator(let name, _): name
        case .tracepoint(let category, let name): "\(category)/\(name)"
        case .systemCall(let name), .userFunction(let name), .programFunction(let name): name
        }
    }

    /// What the kernel's BTF has to have under which name before the program can be loaded; nil where loading needs
    /// nothing of the kind (`find_kernel_btf_id` in libbpf).
    public var requiredType: (name: String, kind: RequiredKind)? {
        switch self {
        case .tracedFunction(let name, _): (name, .function)
        case .typedTracepoint(let name, _): ("btf_trace_\(name)", .typedef)
        case .securityHook(let name, _): ("bpf_lsm_\(name)", .function)
        case .iterator(let name, _): ("bpf_iter_\(name)", .function)
        default: nil
        }
    }

    /// What stands before the `:` of `module:name`, which libbpf cuts off for every target that it looks for in BTF; nil where
    /// nothing does.
    public var module: String? {
        switch self {
        case .tracedFunction(_, let module), .typedTracepoint(_, let module), .securityHook(_, let module),
            .iterator(_, let module):
            module
        default: nil
        }
    }

    /// Whose types `requiredType` is looked for in.
    public enum Home: Sendable, Hashable {
        /// The kernel's own, then those of every module that is loaded.
        case kernelOrModules
        /// The kernel's own, as the section says (`vmlinux:`).
        case kernel
        /// Those of the modules of that name.
        case module(String)
    }

    /// As `find_kernel_btf_id` in libbpf has it, which compares no more letters than the section has: `vm:` is the kernel too.
    public var home: Home {
        guard let module, !module.isEmpty else { return .kernelOrModules }
        return "vmlinux".hasPrefix(module) ? .kernel : .module(module)
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
        case "tp_btf":
            let (name, module) = Self.parts(text)
            self = .typedTracepoint(name: name, module: module)
        case "lsm", "lsm.s", "lsm_cgroup":
            let (name, module) = Self.parts(text)
            self = .securityHook(name: name, module: module)
        case "iter", "iter.s":
            let (name, module) = Self.parts(text)
            self = .iterator(name: name, module: module)
        case "freplace": self = .programFunction(text)
        default:
            switch definition.type {
            case .tracing:
                let (name, module) = Self.parts(text)
                self = .tracedFunction(name: name, module: module)
            case .kprobe: self = .userFunction(text)
            default: return nil
            }
        }
    }

    /// `do_exit+0x10`: libbpf reads a name of letters, digits, `_` and `.`, and a number as C writes it (`%li` of scanf).
    private static func probed(_ text: String) -> AttachTarget {
        let name = text.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ".") }
        let offset = text.dropFirst(name.count)
        guard offset.first == "+" else { return .probedFunction(name: String(name), offset: 0) }
        return .probedFunction(name: String(name), offset: number(offset.dropFirst()))
    }

    /// As many digits as there are: hexadecimal behind `0x`, octal behind `0`. What begins with none is 0, as it is for libbpf.
    private static func number(_ text: Substring) -> Int {
        var digits = text.drop { $0.isWhitespace }
        var isNegative = false
        if let sign = digits.first, sign == "-" || sign == "+" {
            isNegative = sign == "-"
            digits = digits.dropFirst()
        }
        var radix = 10
        if digits.lowercased().hasPrefix("0x") {
            radix = 16
            digits = digits.dropFirst(2)
        } else if digits.first == "0" {
            radix = 8
        }
        digits = digits.prefix { $0.isASCII && ($0.hexDigitValue.map { $0 < radix } ?? false) }
        guard !digits.isEmpty else { return 0 }
        return Int((isNegative ? "-" : "") + digits, radix: radix) ?? (isNegative ? .min : .max)
    }

    /// `module:name`, or the name alone.
    private static func parts(_ text: String) -> (name: String, module: String?) {
        guard let colon = text.firstIndex(of: ":") else { return (text, nil) }
        return (String(text[text.index(after: colon)...]), String(text[..<colon]))
    }
}
