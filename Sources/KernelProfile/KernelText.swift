// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The kernel's files that are lines of text. What is no such line is passed over: nobody vouches for them.
enum KernelText {
    /// Calls `body` with each line, without its newline.
    static func eachLine(of text: [UInt8], _ body: (UnsafeRawBufferPointer) -> Void) {
        text.withUnsafeBytes { text in
            var begin = 0
            while begin < text.count {
                let end = position(of: UInt8(ascii: "\n"), in: text, from: begin) ?? text.count
                body(UnsafeRawBufferPointer(rebasing: text[begin..<end]))
                begin = end + 1
            }
        }
    }

    static func position(of byte: UInt8, in text: UnsafeRawBufferPointer, from begin: Int = 0) -> Int? {
        guard let base = text.baseAddress, begin < text.count else { return nil }
        return memchr(base + begin, Int32(byte), text.count - begin).map { UnsafeRawPointer($0) - base }
    }

    /// The first line, without spaces around it; nil where it is empty.
    static func firstLine(of text: [UInt8]?) -> String? {
        guard let text else { return nil }
        let line = String(decoding: text.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        let words = line.trimmingCharacters(in: .whitespaces)
        return words.isEmpty ? nil : words
    }

    /// The first word of each line.
    static func firstWords(of text: [UInt8]) -> [String] {
        var words: [String] = []
        eachLine(of: text) { line in
            let end = [UInt8(ascii: " "), UInt8(ascii: "\t")].compactMap { position(of: $0, in: line) }.min()
            let word = line[..<(end ?? line.count)]
            if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)) }
        }
        return words
    }

    /// What ftrace can be attached to: a line `name`, or `name [module]`.
    struct Traceable {
        private(set) var kernel: Set<String> = []
        private(set) var modules: Set<String> = []

        init(_ text: [UInt8]?) {
            eachLine(of: text ?? []) { line in
                let space = position(of: UInt8(ascii: " "), in: line)
                let name = String(decoding: line[..<(space ?? line.count)], as: UTF8.self)
                if space == nil { kernel.insert(name) } else { modules.insert(name) }
            }
        }
    }

    /// Where no kprobe is let in: a line `0xffffffff81a00930-0xffffffff81a00950<tab>asm_exc_divide_error`, with one name
    /// of an address that may have several.
    struct Blacklist {
        private(set) var names: Set<String> = []
        private(set) var addresses: Set<UInt64> = []

        init(_ text: [UInt8]?) {
            eachLine(of: text ?? []) { line in
                guard let tab = position(of: UInt8(ascii: "\t"), in: line),
                    let dash = position(of: UInt8(ascii: "-"), in: line), dash >= 2, dash < tab
                else { return }
                names.insert(String(decoding: line[(tab + 1)...], as: UTF8.self))
                // Hidden addresses are all 0.
                let begin = UInt64(String(decoding: line[2..<dash], as: UTF8.self), radix: 16) ?? 0
                if begin != 0 { addresses.insert(begin) }
            }
        }
    }

    /// What stands in brackets: `none [integrity] confidentiality`.
    static func bracketed(_ text: [UInt8]?) -> String? {
        firstLine(of: text)?.split(separator: " ").first { $0.hasPrefix("[") && $0.hasSuffix("]") }
            .map { String($0.dropFirst().dropLast()) }
    }
}
