// SPDX-License-Identifier: Apache-2.0

import BPFObject
import KernelProfile

/// What libbpf gives an object for a value of the kernel's configuration (`extern … __kconfig`).
enum KernelSwitch: Sendable, Hashable {
    case value([UInt8])
    /// The kernel has none: a weak extern is 0, another one makes libbpf give up on the object.
    case unset
    /// What the configuration says is not what the object declares it as: libbpf gives up on the object.
    case unfit(String)
    /// With what is not known, as a sentence.
    case notKnown(String)

    /// - Parameters:
    ///   - name: of the extern.
    ///   - isSigned: a single byte may be either; of other kinds it does not matter.
    init(
        _ name: String,
        as kind: BPFExtern.ConfigurationValue,
        isSigned: Bool = false,
        in kernel: CheckedKernel
    ) {
        let kind = Form(kind, isSigned: isSigned)
        switch name {
        case "LINUX_KERNEL_VERSION": self = Self.version(kernel.version, kind)
        // libbpf tries whether a kprobe's program may ask for its cookie.
        case "LINUX_HAS_BPF_COOKIE":
            self = Self.flag(kernel.profile?.helper(174, programType: ProgramType.kprobe.number) ?? .notKnown, kind)
        case "LINUX_HAS_SYSCALL_WRAPPER":
            self =
                kernel.profile?.functionCount == nil
                ? .notKnown("it is not known whether this kernel's system calls have wrappers")
                : Self.flag(kernel.profile?.function("__x64_sys_bpf") == nil ? .absent : .present, kind)
        case let name where name.hasPrefix("CONFIG_"):
            guard let configuration = kernel.profile?.configuration else {
                self = .notKnown("this kernel's configuration is not known")
                return
            }
            self = configuration.setting(of: name).map { Self.configured($0, kind) } ?? .unset
        default: self = .unset
        }
    }

    /// `KERNEL_VERSION()` in linux/version.h: the last part counts to 255.
    private static func version(_ text: String, _ kind: Form) -> KernelSwitch {
        let parts = text.prefix { $0.isNumber || $0 == "." }.split(separator: ".").compactMap { UInt64($0) }
        guard parts.count >= 2 else { return .notKnown("it is not known which version this kernel calls itself") }
        let number = parts[0] << 16 | parts[1] << 8 | min(parts.count > 2 ? parts[2] : 0, 255)
        return integer(number, kind)
    }

    private static func flag(_ finding: Finding, _ kind: Form) -> KernelSwitch {
        switch finding {
        case .present: integer(1, kind)
        case .absent: integer(0, kind)
        case .notKnown: .notKnown("it is not known whether this kernel has bpf_get_attach_cookie")
        }
    }

    /// What a value is read as, with what decides which numbers fit.
    private struct Form {
        let kind: BPFExtern.ConfigurationValue
        let isSigned: Bool

        init(_ kind: BPFExtern.ConfigurationValue, isSigned: Bool) {
            self.kind = kind
            if case .integer(_, let isSigned) = kind { self.isSigned = isSigned } else { self.isSigned = isSigned }
        }
    }

    /// `bpf_object__process_kconfig_line` in libbpf, which goes by the first character.
    private static func configured(_ text: String, _ kind: Form) -> KernelSwitch {
        switch (text.first, kind.kind) {
        case ("y", .boolean): return .value([1])
        case ("n", .boolean): return .value([0])
        case ("y", .tristate): return .value([1, 0, 0, 0])
        case ("m", .tristate): return .value([2, 0, 0, 0])
        case ("n", .tristate): return .value([0, 0, 0, 0])
        case ("y", .character), ("m", .character), ("n", .character): return .value(Array(text.utf8.prefix(1)))
        case ("y", _), ("m", _), ("n", _): return .unfit(text)
        case ("\"", .string(let count)):
            let inner = text.dropFirst().prefix { $0 != "\"" }
            return .value(Array(inner.utf8.prefix(Int(min(count, 4096)) - 1)) + [0])
        case (_, .integer), (_, .character):
            guard let number = number(text) else { return .unfit(text) }
            return integer(number, kind)
        default: return .unfit(text)
        }
    }

    /// As strtoull() reads it.
    private static func number(_ text: String) -> UInt64? {
        if text.hasPrefix("0x") || text.hasPrefix("0X") { return UInt64(text.dropFirst(2), radix: 16) }
        if text.hasPrefix("0"), text.count > 1 { return UInt64(text.dropFirst(), radix: 8) }
        return UInt64(text) ?? Int64(text).map(UInt64.init(bitPattern:))
    }

    /// `set_kcfg_value_num` and `is_kcfg_value_in_range` in libbpf.
    private static func integer(_ number: UInt64, _ kind: Form) -> KernelSwitch {
        let size: UInt64
        switch kind.kind {
        case .integer(let bytes, _): size = UInt64(bytes)
        case .character: size = 1
        case .boolean where number <= 1: return .value([UInt8(number)])
        default: return .unfit("\(number)")
        }
        guard size >= 8 || fits(number, bits: size * 8, isSigned: kind.isSigned) else { return .unfit("\(number)") }
        return .value((0..<size).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) })
    }

    private static func fits(_ number: UInt64, bits: UInt64, isSigned: Bool) -> Bool {
        isSigned ? number &+ (1 << (bits - 1)) < 1 << bits : number >> bits == 0
    }
}

extension KernelSwitch {
    /// - Parameter extern: one of the object's that is a value of the kernel's configuration.
    init(
        _ extern: BPFExtern,
        as kind: BPFExtern.ConfigurationValue,
        of object: ObjectContents,
        in kernel: CheckedKernel
    ) {
        let type = object.types.flatMap { types in types.type(extern.type)?.target.flatMap { types.resolved($0) } }
        self.init(extern.name, as: kind, isSigned: type?.integer?.isSigned == true, in: kernel)
    }
}
