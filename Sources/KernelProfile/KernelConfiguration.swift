// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A kernel's `.config`: the text as it is, and where each switch's value is in it, since an object may ask for thousands.
public struct KernelConfiguration: Sendable, Hashable {
    let text: [UInt8]
    /// By the switch's name; of several lines for one, the first.
    private let values: [String: Range<Int>]
    /// Whether trace events, and with them BPF's kprobes, are kept out of functions that ftrace can't be attached to
    /// (within_notrace_func() in kernel/trace/trace_kprobe.c, since 5.4).
    private(set) var keepsProbesToTraceable = false

    /// - Parameter text: the file's, as it is.
    public init(_ text: [UInt8]) {
        self.text = text
        values = Self.values(in: text)
        keepsProbesToTraceable =
            value(of: "CONFIG_DYNAMIC_FTRACE") == "y" && value(of: "CONFIG_KPROBE_EVENTS_ON_NOTRACE") != "y"
    }

    /// `y`, `m`, a number or a string without its quotes; nil where the switch is not set, or this kernel has none of that
    /// name.
    ///
    /// - Parameter name: `CONFIG_BPF_SYSCALL`
    public func value(of name: String) -> String? {
        setting(of: name)?.trimmingCharacters(in: CharacterSet(charactersIn: "\""))
    }

    /// The same as it stands in the file: a string with its quotes.
    public func setting(of name: String) -> String? {
        values[name].map {
            String(decoding: text[$0], as: UTF8.self).trimmingCharacters(in: CharacterSet(charactersIn: "\r"))
        }
    }

    private static func values(in text: [UInt8]) -> [String: Range<Int>] {
        text.withUnsafeBytes { text in
            var values: [String: Range<Int>] = [:]
            var begin = 0
            while begin < text.count {
                let end = KernelText.position(of: UInt8(ascii: "\n"), in: text, from: begin) ?? text.count
                let line = UnsafeRawBufferPointer(rebasing: text[begin..<end])
                // Lines that begin with it are remarks.
                if line.first != UInt8(ascii: "#"), let sign = KernelText.position(of: UInt8(ascii: "="), in: line) {
                    let name = String(decoding: line[..<sign], as: UTF8.self)
                    if values[name] == nil { values[name] = (begin + sign + 1)..<end }
                }
                begin = end + 1
            }
            return values
        }
    }
}
