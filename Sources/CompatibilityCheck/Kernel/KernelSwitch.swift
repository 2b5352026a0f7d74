// SPDX-License-Identifier: Apache-2.0

import BPFObject
import KernelProfile

/// What libbpf gives an object for a value of the kernel's configuration (`extern … __kconfig`).
enum KernelSwitch: Sendable, Hashable {
    case value([UInt8])
    /// The kernel has none: a weak extern is 0, another one makes libbpf give up on the object.
    case unset
    /// libbpf can't make the value out of what the configuration says.
    case unfit(String)
    case notKnown(String)

    /// - Parameter name: of the extern.
    init(_ name: String, as kind: BPFExtern.ConfigurationValue, in kernel: CheckedKernel) {
        switch name {
        case "LINUX_KERNEL_VERSION": self = Self.version(kernel.version, kind)
        // libbpf tries whether a kprobe's program may ask for its cookie.
        case "LINUX_HAS_BPF_COOKIE":
            self = Self.flag(kernel.profile?.helper(174, programType: ProgramType.kprobe.number) ?? .notKnown, kind)
        case "LINUX_HAS_SYSCALL_WRAPPER":
            self =
                kernel.profile?.functionCount == nil
                ? .notKnown("whether its system calls have wrappers")
                : Self.flag(kernel.profile?.function("__x64_sys_bpf") == nil ? .absent : .present, kind)
        case let name where name.hasPrefix("CONFIG_"):
            guard let configuration = kernel.profile?.configuration else {
                self = .notKnown("its configuration")
                return
            }
            self = configuration.value(of: name).map { Self.configured($0, kind) } ?? .unset
        default: self = .unset
        }
    }

    /// `KERNEL_VERSION()` in linux/version.h: the last part counts to 255.
    private static func version(_ text: String, _ kind: BPFExtern.ConfigurationValue) -> KernelSwitch {
        let parts = text.prefix { $0.isNumber || $0 == "." }.split(separator: ".").compactMap { UInt64($0) }
        guard parts.count >= 2 else { return .notKnown("which version it calls itself") }
        let number = parts[0] << 16 | parts[1] << 8 | min(parts.count > 2 ? parts[2] : 0, 255)
        return integer(number, kind)
    }

    private static func flag(_ finding: Finding, _ kind: BPFExtern.ConfigurationValue) -> KernelSwitch {
        switch finding {
        case .present: integer(1, kind)
        case .absent: integer(0, kind)
        case .notKnown: .notKnown("whether it has bpf_get_attach_cookie")
        }
    }

    /// `set_kcfg_value_tri`, `set_kcfg_value_num`, `set_kcfg_value_str` in libbpf.
    private static func configured(_ text: String, _ kind: BPFExtern.ConfigurationValue) -> KernelSwitch {
        switch (text, kind) {
        case ("y", .boolean): return .value([1])
        case ("y", .tristate): return .value([1, 0, 0, 0])
        case ("m", .tristate): return .value([2, 0, 0, 0])
        case ("y", .character), ("m", .character): return .value(Array(text.utf8))
        case (_, .string(let count)):
            let bytes = Array(text.utf8.prefix(Int(min(count, 4096)) - 1))
            return .value(bytes + [0])
        case (_, .integer):
            let isHexadecimal = text.hasPrefix("0x")
            guard
                let number = isHexadecimal
                    ? UInt64(text.dropFirst(2), radix: 16) : Int64(text).map(UInt64.init(bitPattern:))
            else { return .unfit(text) }
            return integer(number, kind)
        default: return .unfit(text)
        }
    }

    private static func integer(_ number: UInt64, _ kind: BPFExtern.ConfigurationValue) -> KernelSwitch {
        switch kind {
        case .integer(let bytes, _): .value((0..<UInt64(bytes)).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) })
        case .boolean where number <= 1: .value([UInt8(number)])
        default: .unfit("\(number)")
        }
    }
}
