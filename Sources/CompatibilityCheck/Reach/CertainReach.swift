// SPDX-License-Identifier: Apache-2.0

/// What the verifier comes to in any case, if it refuses nothing before.
///
/// From where it comes to, it goes on: over a jump of which it follows both ways, both ways; over one of which that is not
/// known, to the place that every way leads through (its immediate post-dominator), because it follows each way to the end.
struct CertainReach {
    private(set) var certain: [Bool]

    init(_ walk: Walk, _ code: RelocatedCode) {
        let count = code.instructions.count
        certain = [Bool](repeating: false, count: count)
        guard count > 0 else { return }
        let graph = FlowGraph(walk, code)
        let meeting = graph.immediatePostDominators()
        var pending: [Int] = []
        func certainly(_ place: Int) {
            guard certain.indices.contains(place), !certain[place] else { return }
            certain[place] = true
            pending.append(place)
        }
        certainly(0)
        if code.looksAtAllGlobalFunctions { for start in code.globalFunctions { certainly(start) } }
        while let place = pending.popLast() {
            if let callee = walk.calls[place] { certainly(callee) }
            let next = graph.successors[place]
            switch walk.branches[place] {
            case nil, .taken, .notTaken:
                if next.count == 1 {
                    certainly(next[0])
                } else if let meeting = meeting[place] {
                    certainly(meeting)
                }
            case .both:
                for place in next { certainly(place) }
            case .takenAtLeast, .notTakenAtLeast, .notKnown:
                let target = code.instructions[place].jumpTarget(from: place) ?? place + 1
                if walk.branches[place] == .takenAtLeast { certainly(target) }
                if walk.branches[place] == .notTakenAtLeast { certainly(place + 1) }
                if let meeting = meeting[place] { certainly(meeting) }
            }
        }
    }
}

/// Where a program goes on from each of its instructions; calls go on behind themselves.
private struct FlowGraph {
    private(set) var successors: [[Int]]
    /// Behind the last instruction: where functions end.
    private let end: Int

    init(_ walk: Walk, _ code: RelocatedCode) {
        let count = code.instructions.count
        end = count
        successors = [[Int]](repeating: [], count: count)
        for place in 0..<count where walk.reached[place] {
            let instruction = code.instructions[place]
            func isReached(_ next: Int) -> Bool { next >= 0 && next < count && walk.reached[next] }
            if code.ends.contains(place) { continue }
            if instruction.isExit {
                successors[place] = [end]
            } else if let branch = walk.branches[place] {
                let target = instruction.jumpTarget(from: place) ?? place + 1
                var next: [Int] = []
                if branch != .notTaken, isReached(target) { next.append(target) }
                if branch != .taken, isReached(place + 1), target != place + 1 { next.append(place + 1) }
                successors[place] = next
            } else {
                let next = place + (instruction.isWideLoad ? 2 : 1)
                if isReached(next) { successors[place] = [next] }
            }
            if code.mayEnd.contains(place) { successors[place].append(end) }
        }
    }

    /// The first place that every way from there to the end leads through, by instruction; nil where there is none before
    /// the end. Cooper, Harvey and Kennedy's algorithm on the reversed graph.
    func immediatePostDominators() -> [Int?] {
        var predecessors = [[Int]](repeating: [], count: end + 1)
        for (place, next) in successors.enumerated() { for next in next { predecessors[next].append(place) } }
        let order = backwards(predecessors)
        var rank = [Int](repeating: -1, count: end + 1)
        for (index, place) in order.enumerated() { rank[place] = index }
        var dominator = [Int](repeating: -1, count: end + 1)
        dominator[end] = end
        func common(_ one: Int, _ other: Int) -> Int {
            var (one, other) = (one, other)
            while one != other {
                while rank[one] > rank[other] { one = dominator[one] }
                while rank[other] > rank[one] { other = dominator[other] }
            }
            return one
        }
        var isChanged = true
        while isChanged {
            isChanged = false
            for place in order.dropFirst() {
                var new = -1
                for next in successors[place] where rank[next] >= 0 && dominator[next] >= 0 {
                    new = new < 0 ? next : common(next, new)
                }
                if new >= 0, dominator[place] != new {
                    dominator[place] = new
                    isChanged = true
                }
            }
        }
        return (0..<end).map { place in
            dominator[place] < 0 || dominator[place] == end ? nil : dominator[place]
        }
    }

    /// Places from which the end can be come to, in reverse postorder of the reversed graph: the end first.
    private func backwards(_ predecessors: [[Int]]) -> [Int] {
        var seen = [Bool](repeating: false, count: end + 1)
        var postorder: [Int] = []
        var open: [(place: Int, next: Int)] = [(end, 0)]
        seen[end] = true
        while let last = open.last {
            if last.next < predecessors[last.place].count {
                open[open.count - 1].next += 1
                let place = predecessors[last.place][last.next]
                if !seen[place] {
                    seen[place] = true
                    open.append((place, 0))
                }
            } else {
                postorder.append(last.place)
                open.removeLast()
            }
        }
        return postorder.reversed()
    }
}
