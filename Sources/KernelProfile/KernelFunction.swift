// SPDX-License-Identifier: Apache-2.0

/// What is known of one of a kernel's functions.
public struct KernelFunction: Sendable, Hashable {
    public struct Properties: OptionSet, Sendable, Hashable {
        public let rawValue: UInt16

        public init(rawValue: UInt16) {
            self.rawValue = rawValue
        }

        /// A symbol in the kernel's text (`/proc/kallsyms`), outside what is freed after the start.
        public static let symbol = Properties(rawValue: 1)
        /// ftrace can be attached to it, under this name or another one of the same address, and so can fentry, fexit and
        /// kprobe.multi.
        public static let traceable = Properties(rawValue: 2)
        /// No kprobe is let into it, or into the function that it is a part of.
        public static let blacklisted = Properties(rawValue: 4)
        /// The kernel has several functions of this name. Kernels since 6.6, and older ones with later fixes, refuse a kprobe by
        /// such a name; others take the first of them.
        public static let ambiguous = Properties(rawValue: 8)
        /// The kernel's BTF has its type, which fentry and fexit need. Never set for a module's function.
        public static let typed = Properties(rawValue: 16)
        /// A part that the compiler has split off or made a variant of (`f.cold`, `f.isra.0`), and `f` is traceable.
        public static let partOfTraceable = Properties(rawValue: 32)
    }

    public let properties: Properties
    /// The module that it is in; nil for the kernel itself.
    public let module: String?
}

/// The numbers of `NameTable`: properties in the low half, in the high half the module's place among those of the profile,
/// counted from 1.
struct FunctionCode {
    var properties: KernelFunction.Properties
    var module: Int

    static let mostModules = Int(UInt16.max)

    init(properties: KernelFunction.Properties, module: Int) {
        self.properties = properties
        self.module = module
    }

    init(_ number: UInt32) {
        properties = KernelFunction.Properties(rawValue: UInt16(truncatingIfNeeded: number))
        module = Int(number >> 16)
    }

    var number: UInt32 { UInt32(properties.rawValue) | UInt32(truncatingIfNeeded: module) << 16 }
}
