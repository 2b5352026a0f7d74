// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The host's processor, as `/proc/cpuinfo` describes it.
public struct HostProcessor: Sendable, Hashable {
    public let model: String
    /// The clock that the time stamp counter runs at in kHz, to a thousand; nil where the host does not say it reliably.
    public let kiloHertz: Int?
    /// What a guest that runs on the processor itself may see of it: model, features, microcode.
    public let identity: String

    public init(model: String, kiloHertz: Int?, identity: String = "") {
        self.model = model
        self.kiloHertz = kiloHertz
        self.identity = identity
    }

    /// Of this host.
    public static var current: HostProcessor {
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        return HostProcessor(cpuInfo: text)
    }

    init(cpuInfo: String) {
        func field(_ name: String) -> String? {
            cpuInfo.split(separator: "\n")
                .map { $0.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) } }
                .first { $0.count == 2 && $0[0] == name }?[1]
        }
        let model = field("model name") ?? "unknown"
        self.model = model
        identity = ["vendor_id", "cpu family", "model", "stepping", "microcode", "flags", "bugs"]
            .map { "\($0) \(field($0) ?? "")" }.joined(separator: "; ")
        let flags = Set((field("flags") ?? "").split(separator: " "))
        // On hardware "cpu MHz" is what the processor runs at just now, and its counter is another clock; a virtual one
        // is told the counter's. Intel writes that into the model's name.
        let now = flags.contains("hypervisor") ? field("cpu MHz").flatMap(Double.init) : nil
        let nominal = model.firstMatch(of: #/@ ([0-9.]+)GHz/#).flatMap { Double($0.1) }.map { $0 * 1000 }
        // Measured anew at each start of the host: what a few kHz differ makes no other clock.
        kiloHertz = (now ?? nominal).map { Int($0.rounded()) * 1000 }
    }
}
