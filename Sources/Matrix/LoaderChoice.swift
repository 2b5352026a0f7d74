// SPDX-License-Identifier: Apache-2.0

/// Who is asked to load the objects in each guest.
public enum LoaderChoice: String, Sendable, CaseIterable {
    /// The agent, which answers for every program, and bpftool as a second witness.
    case both
    case agent
    /// bpftool alone, which answers for whole objects.
    case bpftool

    var asksAgent: Bool { self != .bpftool }
    var asksBPFTool: Bool { self != .agent }
}
