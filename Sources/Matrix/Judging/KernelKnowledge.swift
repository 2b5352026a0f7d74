// SPDX-License-Identifier: Apache-2.0

import Foundation
import KernelProfile
import KernelStore
import SystemPackage
import VerifierLog

/// What is known of a kernel without asking it, for whoever explains what it said.
struct KernelKnowledge: Sendable {
    private let kernel: Kernel
    /// The kernel's `.config` in the store; nil where none came with it.
    private let configuration: FilePath?

    init(_ kernel: Kernel, configuration: FilePath?) {
        self.kernel = kernel
        self.configuration = configuration
    }

    /// Reads the configuration: a file of some 250 kB. One that can't be read is one that is not known.
    func facts() -> Evidence.KernelFacts {
        var switches: [ConfigurationSwitch: Bool] = [:]
        if let configuration, let text = FileManager.default.contents(atPath: configuration.string) {
            let values = KernelConfiguration([UInt8](text))
            for name in ConfigurationSwitch.allCases {
                let value = values.value(of: name.rawValue)
                switches[name] = value == "y" || value == "m"
            }
        }
        return Evidence.KernelFacts(
            release: kernel.release,
            hasTypes: kernel.btf != nil && !kernel.isBTFExternal,
            configuration: switches
        )
    }
}
