// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The host's processor, as `/proc/cpuinfo` describes it.
public struct HostProcessor: Sendable, Hashable {
    public let model: String
    /// Current clock in kHz; nil where the host does not say.
    public let kiloHertz: Int?

    public init(model: String, kiloHertz: Int?) {
        self.model = model
        self.kiloHertz = kiloHertz
    }

    /// Of this host.
    public static var current: HostProcessor {
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        return HostProcessor(cpuInfo: text)
    }

    init(cpuInfo: String) {
        func field(_ name: String) -> String? {
            cpuInfo.split(separator: "\n").first { $0.hasPrefix(name) }?
                .split(separator: ":", maxSplits: 1).last?
                .trimmingCharacters(in: .whitespaces)
        }
        model = field("model name") ?? "unknown"
        kiloHertz = field("cpu MHz").flatMap(Double.init).map { Int($0 * 1000) }
    }
}
