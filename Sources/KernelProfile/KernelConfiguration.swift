// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A kernel's `.config`: searched as the text that it is, since a few of its thousands of switches are asked for.
public struct KernelConfiguration: Sendable, Hashable {
    let text: [UInt8]
    /// Whether trace events, and with them BPF's kprobes, are kept out of functions that ftrace can't be attached to
    /// (within_notrace_func() in kernel/trace/trace_kprobe.c, since 5.4).
    private(set) var keepsProbesToTraceable = false

    /// - Parameter text: the file's, as it is.
    public init(_ text: [UInt8]) {
        self.text = text
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
        let wanted = Array("\(name)=".utf8)
        return text.withUnsafeBytes { text in
            var begin = 0
            while begin < text.count {
                let end = KernelText.position(of: UInt8(ascii: "\n"), in: text, from: begin) ?? text.count
                let line = text[begin..<end]
                if line.starts(with: wanted) {
                    let value = String(decoding: line.dropFirst(wanted.count), as: UTF8.self)
                    return value.trimmingCharacters(in: CharacterSet(charactersIn: "\r"))
                }
                begin = end + 1
            }
            return nil
        }
    }
}
