// SPDX-License-Identifier: Apache-2.0

/// A kernel of a run, as far as it is told from the others.
public protocol NamedKernel {
    /// What the user wrote: `6.1`.
    var spec: String { get }
    /// Upstream version: `6.1.192`.
    var version: String { get }
}

extension TestedKernel: NamedKernel {}
extension CheckKernel: NamedKernel {}

extension Collection where Element: NamedKernel {
    /// What people are told a kernel by: its version, or the word that the user had for it where another one of the run has
    /// the same version.
    ///
    /// - Parameter spec: `NamedKernel.spec`.
    public func heading(of spec: String) -> String {
        guard let kernel = first(where: { $0.spec == spec }) else { return spec }
        return contains { $0.spec != spec && $0.version == kernel.version } ? spec : kernel.version
    }
}
