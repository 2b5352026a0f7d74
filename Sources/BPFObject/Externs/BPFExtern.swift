// SPDX-License-Identifier: Apache-2.0

import BTF

/// Something that an object expects from the kernel by name: `extern … __kconfig`, `extern … __ksym`.
public struct BPFExtern: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// A value of the kernel's configuration, or one of those that libbpf makes up (`LINUX_KERNEL_VERSION`).
        case kernelConfiguration(ConfigurationValue)
        /// A variable of the kernel with its type: the kernel's BTF must have it.
        case typedVariable
        /// The address of a symbol, whose type is `void`: the kernel's list of symbols must have it.
        case symbol
        /// A function of the kernel that is called: a kfunc.
        case function
    }

    /// What a value of the configuration is read as (`find_kcfg_type` in libbpf).
    public enum ConfigurationValue: Sendable, Hashable {
        case boolean
        /// `enum libbpf_tristate`
        case tristate
        case character
        case integer(bytes: UInt32, isSigned: Bool)
        case string(bytes: UInt32)
    }

    public let name: String
    public let kind: Kind
    /// The object can do without it: the address is 0 where the kernel has none.
    public let isWeak: Bool
    /// Its variable or function in the object's BTF.
    public let type: UInt32

    /// The name to look for: what comes behind `___` tells declarations of one name apart (`bpf_core_essential_name_len`).
    public let essentialName: String
}
