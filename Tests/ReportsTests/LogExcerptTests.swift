// SPDX-License-Identifier: Apache-2.0

import Results
import Testing

@Suite struct LogExcerptTests {
    @Test("a log that fits is whole, to the byte")
    func whole() {
        let log = String(repeating: "x", count: LogExcerpt.mostBytes - 1) + "\n"
        let excerpt = LogExcerpt(Array(log.utf8))
        #expect(excerpt.text == log && !excerpt.isCut)
        #expect(LogExcerpt([]).text.isEmpty)
    }

    @Test("of a longer one beginning and end are kept, whole lines of both, and what is missing is counted")
    func cut() throws {
        let lines = (0..<10_000).map { "\($0): (bf) r1 = r2\n" }
        let log = Array(lines.joined().utf8)
        let excerpt = LogExcerpt(log)
        #expect(excerpt.isCut)
        #expect(excerpt.text.utf8.count <= LogExcerpt.mostBytes + 100)
        let kept = excerpt.text.split(separator: "\n").map { String($0) + "\n" }
        let mark = try #require(kept.firstIndex { $0.hasPrefix("[… ") })
        #expect(Array(kept[..<mark]) == Array(lines.prefix(mark)))
        let end = kept[(mark + 1)...]
        #expect(Array(end) == Array(lines.suffix(end.count)))
        let missing = try #require(Int(kept[mark].filter(\.isNumber)))
        #expect(missing == log.count - kept[..<mark].joined().utf8.count - end.joined().utf8.count)
    }

    @Test("lines without an end, and bytes that are no text, are cut all the same")
    func odd() {
        let endless = LogExcerpt([UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20))
        #expect(endless.text.utf8.count <= LogExcerpt.mostBytes + 100)
        #expect(endless.text.hasSuffix("xxx"))
        let bytes = LogExcerpt([UInt8](repeating: 0xff, count: 1 << 20))
        #expect(bytes.text.unicodeScalars.contains("\u{fffd}"))
        let lastLine = LogExcerpt([UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20) + [UInt8(ascii: "\n")])
        #expect(lastLine.text.hasSuffix("x\n"))
    }
}
