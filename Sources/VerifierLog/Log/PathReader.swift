// SPDX-License-Identifier: Apache-2.0

/// Tells the way to the failure by its turns: branches, calls, returns, and loops as one.
struct PathReader {
    private let path: [LogStep]
    private var turns: [PathTurn] = []
    /// The loops that the way is in, the innermost last.
    private var loops: [Loop] = []
    /// How many turns there were when an instruction was come to last.
    private var turnsBefore: [Int32] = []

    /// Deeper nests are not told apart: every jump back looks through those that are open.
    private static let mostLoops = 64

    private struct Loop {
        let head: Int32
        /// The furthest instruction that jumped back to the head.
        var last: Int32
        let depth: UInt8
        /// Its own place among the turns.
        let turn: Int
    }

    init(_ path: [LogStep]) {
        self.path = path
        guard let most = path.map(\.index).max() else { return }
        turnsBefore = Array(repeating: -1, count: Int(most) + 1)
    }

    /// Time is linear: what a new round of a loop takes back was put there once.
    mutating func read() -> [PathTurn] {
        for position in path.indices {
            let step = path[position]
            leaveLoops(at: step)
            turnsBefore[Int(step.index)] = Int32(clamping: turns.count)
            guard position + 1 < path.count else { break }
            take(step, at: position, next: path[position + 1])
        }
        return turns
    }

    private mutating func take(_ step: LogStep, at position: Int, next: LogStep) {
        if next.depth > step.depth {
            turns.append(PathTurn(.call, step: position, next: position + 1))
        } else if next.depth < step.depth {
            turns.append(PathTurn(.return, step: position, next: position + 1))
        } else {
            if step.isBranch { turns.append(PathTurn(.branch, step: position, next: position + 1)) }
            if next.index <= step.index, !step.isExit { goBack(from: step, to: next, at: position) }
        }
    }

    private mutating func goBack(from step: LogStep, to head: LogStep, at position: Int) {
        if let index = loops.lastIndex(where: { $0.head == head.index && $0.depth == head.depth }) {
            loops.removeSubrange((index + 1)...)
            loops[index].last = max(loops[index].last, step.index)
            turns.removeSubrange((loops[index].turn + 1)...)
            turns[loops[index].turn].times += 1
            return
        }
        let start = turnsBefore[Int(head.index)]
        // Code that lies before, and was never come to: no loop.
        guard start >= 0, Int(start) <= turns.count, loops.count < Self.mostLoops else { return }
        turns.removeSubrange(Int(start)...)
        while let inner = loops.last, inner.turn >= Int(start) { loops.removeLast() }
        loops.append(Loop(head: head.index, last: step.index, depth: head.depth, turn: turns.count))
        turns.append(PathTurn(.loop, step: position, next: position + 1, times: 2))
    }

    private mutating func leaveLoops(at step: LogStep) {
        while let loop = loops.last {
            if step.depth > loop.depth { return }
            if step.depth == loop.depth, (loop.head...max(loop.head, loop.last)).contains(step.index) { return }
            loops.removeLast()
        }
    }
}

/// One turn of the way: positions on it.
struct PathTurn: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        case branch
        case call
        case `return`
        /// What follows is its last round.
        case loop
    }

    let kind: Kind
    let step: Int
    let next: Int
    /// Rounds of a loop, the last one, which may not be whole, included.
    var times: Int

    init(_ kind: Kind, step: Int, next: Int, times: Int = 1) {
        self.kind = kind
        self.step = step
        self.next = next
        self.times = times
    }
}
