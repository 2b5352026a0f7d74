// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Foundation
import SystemPackage

/// A source as the compiler's preprocessor reads it now: with every header that it finds now, where it finds it now.
struct PreprocessedSource: Sendable, Hashable {
    /// Of the whole text, with the names of the files that its parts are from.
    let digest: ContentDigest
    /// Every file that was read, the source among them; as the compiler names it.
    let inputs: [FilePath]
    /// Files that lines are said to be from (`#line`), of which the compiler copies those lines.
    let quoted: [FilePath]
    /// The assembler may read more: nobody knows what.
    let readsMore: Bool

    /// - Parameters:
    ///   - text: what the preprocessor wrote.
    ///   - rule: for make, of what it read.
    init?(text path: FilePath, rule: FilePath) {
        guard let text = try? Data(contentsOf: URL(filePath: path.string), options: .mappedIfSafe),
            let rule = try? String(contentsOfFile: rule.string, encoding: .utf8)
        else { return nil }
        digest = ContentDigest(of: text)
        inputs = Set(DependencyRule.prerequisites(rule)).sorted().map { FilePath($0) }
        let lines = PreprocessedText(text)
        let read = Set(inputs.map(\.string))
        quoted = lines.fileNames.filter { !read.contains($0) }.sorted().map { FilePath($0) }.filter(FileStamp.isFile)
        readsMore = lines.hasAssemblerIncludes
    }
}

/// A preprocessor's output: C with lines such as `# 12 "header.h" 1` between.
struct PreprocessedText {
    /// Those that the lines between name.
    let fileNames: Set<String>
    /// `.incbin` or `.include` in inline assembly, put together of several strings perhaps.
    let hasAssemblerIncludes: Bool

    init(_ text: Data) {
        (fileNames, hasAssemblerIncludes) = text.withUnsafeBytes { bytes in
            (Self.fileNames(in: bytes), Self.hasAssemblerIncludes(bytes))
        }
    }

    private static let quote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\")

    private static func fileNames(in bytes: UnsafeRawBufferPointer) -> Set<String> {
        var names: Set<String> = []
        // The same file's name stands there many times in a row.
        var last: ArraySlice<UInt8> = []
        var start = 0
        while start < bytes.count {
            let end = position(of: "\n", in: bytes, from: start) ?? bytes.count
            if end - start > 2, bytes[start] == UInt8(ascii: "#"), bytes[start + 1] == UInt8(ascii: " ") {
                let line = Array(bytes[start..<end])
                if let opening = line.firstIndex(of: quote), let closing = line.lastIndex(of: quote), opening < closing
                {
                    let name = line[(opening + 1)..<closing]
                    if name != last { names.insert(unescaped(name)) }
                    last = name
                }
            }
            start = end + 1
        }
        return names
    }

    private static func unescaped(_ name: ArraySlice<UInt8>) -> String {
        var bytes: [UInt8] = []
        var isEscaped = false
        for byte in name {
            if byte == backslash && !isEscaped {
                isEscaped = true
            } else {
                bytes.append(byte)
                isEscaped = false
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Where `word` begins at `start` or later; nil where it does not.
    private static func position(of word: StaticString, in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard let base = bytes.baseAddress else { return nil }
        let first = Int32(word.utf8Start.pointee)
        var start = start
        while start + word.utf8CodeUnitCount <= bytes.count,
            let found = memchr(base + start, first, bytes.count - start)
        {
            let position = UnsafeRawPointer(found) - base
            guard position + word.utf8CodeUnitCount <= bytes.count else { return nil }
            if memcmp(found, word.utf8Start, word.utf8CodeUnitCount) == 0 { return position }
            start = position + 1
        }
        return nil
    }

    private static func hasAssemblerIncludes(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var start = 0
        while let keyword = position(of: "asm", in: bytes, from: start) {
            start = keyword + 3
            let code = assembly(in: bytes, after: start)
            if ["incbin", ".include"].contains(where: { code.firstRange(of: Array($0.utf8)) != nil }) { return true }
        }
        return false
    }

    /// What stands in the parentheses that follow, without what separates strings that C puts together.
    private static func assembly(in bytes: UnsafeRawBufferPointer, after start: Int) -> [UInt8] {
        var code: [UInt8] = []
        var depth = 0
        var isInString = false
        var isEscaped = false
        for byte in bytes[start...] {
            if isEscaped {
                isEscaped = false
                code.append(byte)
            } else if byte == backslash {
                isEscaped = true
            } else if byte == quote {
                isInString.toggle()
            } else if isInString {
                code.append(byte)
            } else if byte == UInt8(ascii: "(") {
                depth += 1
            } else if byte == UInt8(ascii: ")") {
                depth -= 1
                if depth <= 0 { return code }
            } else if depth == 0, !mayPrecedeParenthesis(byte) {
                return code
            }
        }
        return code
    }

    /// `asm volatile (`, `__asm__ goto(`
    private static func mayPrecedeParenthesis(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || byte <= 0x20 || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
    }
}

/// The rule for make that `clang -MD` writes: `object: source header \`, blanks in names after a backslash.
enum DependencyRule {
    static func prerequisites(_ rule: String) -> [String] {
        guard let colon = rule.firstRange(of: ": ") else { return [] }
        var names: [String] = []
        var name = ""
        var isEscaped = false
        for character in rule[colon.upperBound...] {
            if isEscaped {
                isEscaped = false
                if !character.isNewline { name.append(character) }
            } else if character == "\\" {
                isEscaped = true
            } else if character.isWhitespace {
                if !name.isEmpty { names.append(name) }
                name = ""
            } else {
                name.append(character)
            }
        }
        return name.isEmpty ? names : names + [name]
    }
}
