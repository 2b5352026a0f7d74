// SPDX-License-Identifier: Apache-2.0

import BPFObject
import GuestProtocol
import Instruction

/// The programs by which a VM earns its vote: one that every kernel must accept, and one that none may.
///
/// They go the whole way that a user's object goes: through libbpf, in one pass, the bad one between two good ones, so
/// that going on after a refusal is proved too.
struct Canary {
    static let good = ["canary_good", "canary_good_after_bad"]
    static let bad = "canary_bad"
    static let programs = Set(good + [bad])

    /// Good, bad and good again: for the agent.
    let mixed: ObjectBytes
    /// For bpftool, which answers for whole objects only.
    let acceptable: ObjectBytes
    let unacceptable: ObjectBytes

    /// The same for every guest.
    static let objects = Canary()

    private init() {
        // Leaving without a value in r0 is refused by every verifier there ever was.
        let accepted: [BPFInstruction] = [.move(0, 0), .exit]
        let refused: [BPFInstruction] = [.exit]
        var mixed = ObjectBuilder()
        mixed.add(Self.good[0], section: "socket", accepted)
        mixed.add(Self.bad, section: "socket", refused)
        mixed.add(Self.good[1], section: "socket", accepted)
        self.mixed = ObjectBytes(mixed.build())

        var acceptable = ObjectBuilder()
        acceptable.add(Self.good[0], section: "socket", accepted)
        self.acceptable = ObjectBytes(acceptable.build())

        var unacceptable = ObjectBuilder()
        unacceptable.add(Self.bad, section: "socket", refused)
        self.unacceptable = ObjectBytes(unacceptable.build())
    }

    /// nil where the guest told good from bad, or what it said instead.
    static func complaint(about programs: [ProgramReport], _ object: ObjectReport) -> String? {
        guard object.stage == .finished else { return "the canaries were not loaded: \(object.warnings)" }
        for name in good {
            guard let report = programs.first(where: { $0.program == name }) else { return "no word about \(name)" }
            guard report.stage == .accepted else {
                return "\(name) was refused, errno \(report.errno): \(String(decoding: report.log, as: UTF8.self))"
            }
        }
        guard let report = programs.first(where: { $0.program == bad }) else { return "no word about \(bad)" }
        guard report.stage == .kernel else { return "\(bad) was not refused by the kernel (\(report.stage))" }
        guard String(decoding: report.log, as: UTF8.self).contains("R0 !read_ok") else {
            return "\(bad) was refused without the verifier's reason"
        }
        return nil
    }
}

/// The good canary as an object under test: whoever accepts it can be tested with.
public enum CanaryObject {
    public static func acceptable() throws(BPFObjectError) -> TestObject {
        try TestObject(name: "canary", path: "", bytes: Canary.objects.acceptable.bytes, isCompiled: false)
    }
}
