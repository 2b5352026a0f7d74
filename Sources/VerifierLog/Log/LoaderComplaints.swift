// SPDX-License-Identifier: Apache-2.0

/// What loaders other than libbpf say when they give up: `program p: load program: …` (cilium/ebpf),
/// `the BPF_PROG_LOAD syscall failed. Verifier output: …` (aya). Lines like these may be anybody's: only what a rule knows is taken
/// for a refusal.
extension LogBytes {
    /// Words that such a line has at least one of.
    private static let loaderSigns: [StaticString] = [
        "load program: ", "map create: ", "map create without BTF: ", "CO-RE", "load BTF: ", "kernel spec: ",
        "MEMLOCK", "(requires >= v", " not supported", "kfunc ", "ksym", "find target", "kconfig", "missing symbol",
        "InnerMap", "unspecified", "CAP_", "trace event ", "token ", "existing map", "BPF_PROG_LOAD", "BPF_MAP_CREATE",
        "BPF_BTF_LOAD", "error relocating", "relocation `", "failed to create map", "bpf_map_create", "bpf_link_create",
        "perf_event_open", "bpf_raw_tracepoint_open", "unknown BTF type", "error parsing /sys/kernel/btf", "extern `",
        "kernel function '", "kernel variable '", "program section `", "BTF error", "(os error ",
    ]
    /// How far into a line they are looked for.
    private static let longestLook = 1 << 12
    /// How much of the beginning, and of the end, is looked through.
    private static let mostLooked = 1 << 20
    private static let mostComplaints = 64

    func hasLoaderSign(in range: Range<Int>) -> Bool {
        let look = range.prefix(Self.longestLook)
        return Self.loaderSigns.contains { firstIndex(of: $0, in: look) != nil }
    }

    /// The lines that may be such a loader's, from the beginning and the end of the text.
    var loaderComplaints: [String] {
        var complaints: [String] = []
        var start = 0
        while start < bytes.count, complaints.count < Self.mostComplaints {
            if start > Self.mostLooked, bytes.count - start > Self.mostLooked {
                start = endOfLine(from: bytes.count - Self.mostLooked, limit: bytes.count) + 1
                continue
            }
            let end = endOfLine(from: start, limit: bytes.count)
            if hasLoaderSign(in: start..<end) { complaints.append(text(start..<end)) }
            start = end + 1
        }
        return complaints
    }
}
