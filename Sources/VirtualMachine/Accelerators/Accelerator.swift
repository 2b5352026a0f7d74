// SPDX-License-Identifier: Apache-2.0

/// What runs the guest's instructions.
public enum Accelerator: String, Sendable, Hashable, Codable {
    /// The processor itself.
    case kvm
    /// QEMU's translator: slower, and everywhere.
    case tcg
}

/// What the user asks for.
public enum AcceleratorChoice: String, Sendable, Hashable, CaseIterable {
    /// KVM where a guest has answered under it, otherwise emulation.
    case auto
    case kvm
    case tcg
}
