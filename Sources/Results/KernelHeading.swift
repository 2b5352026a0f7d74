// SPDX-License-Identifier: Apache-2.0

extension Collection where Element == TestedKernel {
    /// What people are told a kernel by: its version, or the word that the user had for it where another one of the run has
    /// the same version.
    ///
    /// - Parameter spec: `TestedKernel.spec`.
    public func heading(of spec: String) -> String {
        guard let kernel = first(where: { $0.spec == spec }) else { return spec }
        return contains { $0.spec != spec && $0.version == kernel.version } ? spec : kernel.version
    }
}
