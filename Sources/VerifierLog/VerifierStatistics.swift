// SPDX-License-Identifier: Apache-2.0

/// How much work a program was to the verifier. Each is nil where this kernel did not print it.
public struct VerifierStatistics: Sendable, Hashable {
    /// Instructions processed: those of every path.
    public var instructions: Int?
    public var totalStates: Int?
    public var peakStates: Int?
    /// Bytes of stack, over all of the program's functions.
    public var stackDepth: Int?

    init(_ lines: [String]) {
        var subprogramStacks: [Int] = []
        for line in lines {
            if line.hasPrefix("processed ") {
                instructions = Self.number(after: "processed ", in: line)
                totalStates = Self.number(after: "total_states ", in: line)
                peakStates = Self.number(after: "peak_states ", in: line)
            } else if line.hasPrefix(Self.stackOpening) {
                stackDepth = Self.stackDepth(line.dropFirst(Self.stackOpening.count))
            } else if line.hasPrefix("subprog "), let stack = Self.number(after: " stack ", in: line) {
                subprogramStacks.append(stack)
            }
        }
        // 7.3 has a line for each function in place of a list.
        if stackDepth == nil, !subprogramStacks.isEmpty { stackDepth = Self.sum(subprogramStacks) }
    }

    private static let stackOpening = "stack depth "

    static func isStatistics(_ line: String) -> Bool {
        let bytes = LogBytes(Array(line.utf8))
        return bytes.isStatistics(bytes.range)
    }

    /// `16`, or `0+8+16` with a number for each function; newer kernels may say more after it.
    private static func stackDepth(_ text: Substring) -> Int? {
        let numbers = text.prefix { $0.isNumber || $0 == "+" }.split(separator: "+").compactMap { Int($0) }
        return numbers.isEmpty ? nil : sum(numbers)
    }

    private static func sum(_ numbers: [Int]) -> Int {
        numbers.reduce(0) { sum, next in
            let (value, overflow) = sum.addingReportingOverflow(next)
            return overflow ? Int.max : value
        }
    }

    private static func number(after words: String, in line: String) -> Int? {
        guard let range = line.firstRange(of: words) else { return nil }
        return Int(line[range.upperBound...].prefix { $0.isNumber })
    }
}
