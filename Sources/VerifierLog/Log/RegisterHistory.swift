// SPDX-License-Identifier: Apache-2.0

/// Goes back over the way to the failure: what a register held, and where that came from.
struct RegisterHistory {
    private let log: LogBytes
    private let path: [LogStep]

    /// Where a register's value was made, after all moves, spills and calls that only handed it on.
    struct Trail {
        /// As the log spells it; nil where the kernel printed nothing of it since it was written (up to 5.17, mostly).
        var spelling: Range<Int>?
        /// The position on the way; nil where the way begins with it.
        var origin: Int?
        /// Branches since then may have told more of the packet's bytes than the spelling says.
        var isRangeOld = false

        /// - Parameter changes: what came after `found` was printed, and may have been printed of other registers only.
        fileprivate mutating func take(_ found: Range<Int>, _ changes: StateChanges, _ log: LogBytes) {
            let type = changes.isEmpty ? "" : RegisterSpelling(log.text(found)).type
            guard !changes.end(type) else { return }
            spelling = found
            isRangeOld = changes.contains(.packetRange) && type == "pkt"
        }
    }

    private static let argumentRegisters = 1...5
    /// Further back than this nobody reads, and every register asked for goes all the way.
    private static let mostSteps = 1 << 18

    init(_ log: LogBytes, _ path: [LogStep]) {
        self.log = log
        self.path = path
    }

    /// - Parameter end: the position on the way before which is asked; its count for its end.
    func trail(of register: Int, before end: Int) -> Trail {
        guard !path.isEmpty else { return Trail() }
        var trail = Trail()
        // A state that was printed after the step that failed is that of its failure.
        if end < path.count, let state = path[end].state, !path[end].isBranch {
            trail.spelling = log.spelling(of: register, in: state)
        }
        var wanted = Place.register(register)
        var depth = end < path.count ? path[end].depth : path[path.count - 1].depth
        // Once the value has been handed on, what is printed of the place before is of the same value, told earlier.
        var isSpellingOpen = trail.spelling == nil
        var changes: StateChanges = []
        var position = end - 1
        let first = max(0, end - Self.mostSteps)
        while position >= first {
            let step = path[position]
            defer {
                if isSpellingOpen { changes.formUnion(self.changes(by: step)) }
                position -= 1
            }
            guard step.depth <= depth else { continue }
            if step.depth < depth {
                // The call that led here: arguments are the caller's, everything else is new.
                guard case .register(let number) = wanted, Self.argumentRegisters.contains(number) else { return trail }
                depth = step.depth
                // What a helper hands to a callback is its own.
                guard log.isCallOfFunction(step.line) else {
                    trail.origin = trail.origin ?? position
                    return trail
                }
                if isSpellingOpen, let state = step.state, let found = log.spelling(of: number, in: state) {
                    trail.take(found, changes, log)
                    isSpellingOpen = false
                }
                continue
            }
            if isSpellingOpen, case .register(let number) = wanted, let found = spelling(of: number, after: step) {
                trail.take(found, step.isStateBefore ? changes.union(self.changes(by: step)) : changes, log)
                isSpellingOpen = false
            }
            guard mayConcern(step, wanted) else { continue }
            let effect = effect(of: step)
            switch wanted {
            case .register(let number):
                guard let written = effect.written.first(where: { $0.register == number }) else { continue }
                // The call of a function of the program's own: what it returns is its own matter.
                trail.origin = position
                isSpellingOpen = false
                switch written.origin {
                case .here: return trail
                case .register(let source): wanted = .register(source)
                case .stack(let slot): wanted = .stack(slot)
                }
            case .stack(let slot):
                guard let stored = effect.stored, stored.slot == slot else { continue }
                trail.origin = position
                guard stored.register >= 0 else { return trail }
                wanted = .register(stored.register)
            }
        }
        return trail
    }

    private enum Place {
        case register(Int)
        case stack(Int)
    }

    /// Whether it is worth reading what the step did; tells most others by few bytes.
    private func mayConcern(_ step: LogStep, _ place: Place) -> Bool {
        switch place {
        case .stack: return [2, 3].contains(step.opcode & 0x07)
        case .register(let number):
            switch step.opcode & 0x07 {
            case 5, 6: return step.isCall
            case 0: return true
            default: return log.firstRegister(in: step.line) == number
            }
        }
    }

    private func spelling(of register: Int, after step: LogStep) -> Range<Int>? {
        // A whole state stands for what was printed on the line: that may be of another branch.
        if let state = step.state {
            if step.isStateBefore, effect(of: step).written.contains(where: { $0.register == register }) { return nil }
            return log.spelling(of: register, in: state)
        }
        guard case .instruction(let line) = log.line(step.line), let state = line.state else { return nil }
        return log.spelling(of: register, in: log.frame(of: state).registers)
    }

    private func changes(by step: LogStep) -> StateChanges {
        if step.isCall { return StateChanges(call: text(of: step)) }
        return step.comparesPointers ? .packetRange : []
    }

    func effect(of step: LogStep) -> InstructionEffect { InstructionEffect(text(of: step), opcode: step.opcode) }

    func text(of step: LogStep) -> String {
        guard case .instruction(let line) = log.line(step.line) else { return "" }
        return log.text(line.text)
    }
}

extension LogBytes {
    /// `12: (85) call pc+1`
    func isCallOfFunction(_ line: Range<Int>) -> Bool {
        guard let (_, end) = number(at: line.lowerBound, in: line) else { return false }
        return hasPrefix(": (85) call pc", at: end, in: line)
    }

    /// The register that an instruction's text begins with: `12: (79) r1 = …`.
    func firstRegister(in line: Range<Int>) -> Int? {
        guard let (_, end) = number(at: line.lowerBound, in: line) else { return nil }
        // `: (79) `
        let position = end + 7
        guard hasPrefix("r", at: position, in: line) || hasPrefix("w", at: position, in: line) else { return nil }
        return number(at: position + 1, in: line)?.value
    }
}
