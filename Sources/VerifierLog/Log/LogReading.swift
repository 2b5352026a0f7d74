// SPDX-License-Identifier: Apache-2.0

/// Makes out of the way that a log describes what people want to know of it.
struct LogReading {
    private let reader: LogReader
    private let log: LogBytes
    private let history: RegisterHistory
    let messages: [String]
    /// The position on the way of the instruction that was refused; the way's count where it is not on it.
    private let end: Int
    private let isAboutWhole: Bool
    private let index: Int?

    /// More turns than these are not read by people.
    private static let mostTurns = 24
    private static let mostRegisters = 6
    private static let mostSamples = 16

    init(_ reader: LogReader, _ log: LogBytes) {
        self.reader = reader
        self.log = log
        history = RegisterHistory(log, reader.path)
        messages = reader.messages.map { log.text($0) }.filter { !$0.isEmpty }
        isAboutWhole = reader.hasEnded || messages.contains(where: Self.isAboutWhole)
        if let named = messages.lazy.compactMap(Self.instruction).first {
            index = named
            end = reader.path.lastIndex { Int($0.index) == named } ?? reader.path.count
        } else if !isAboutWhole, let last = reader.path.last {
            index = Int(last.index)
            end = reader.path.count - 1
        } else {
            index = nil
            end = reader.path.count
        }
    }

    /// `infinite loop detected at insn 3`, `unreachable insn 7`, `jump out of range from insn 2 to 9`
    private static func instruction(in message: String) -> Int? {
        guard message.contains("insn "), let match = message.firstMatch(of: #/(?:^| )insn (\d{1,9})\b/#),
            let index = Int(match.1),
            index < LogBytes.mostInstructions
        else { return nil }
        return index
    }

    /// Said once every way is known (`check_max_stack_depth()`), or before any is (`check_btf_func()`).
    private static func isAboutWhole(_ message: String) -> Bool {
        ["combined stack size of ", "tail_calls are not allowed when call stack", "the call stack of "].contains {
            message.hasPrefix($0)
        }
    }

    var failure: LoggedStep? {
        guard let index else { return nil }
        if end < reader.path.count { return step(at: end) }
        let source = reader.sourcesOfInstructions[index].flatMap { LoggedSource(log.text($0)) }
        return LoggedStep(index: index, text: nil, source: source, depth: 0)
    }

    private func step(at position: Int) -> LoggedStep {
        let step = reader.path[position]
        let text = history.text(of: step)
        return LoggedStep(
            index: Int(step.index),
            text: text.isEmpty ? nil : text,
            source: source(of: position),
            depth: Int(step.depth)
        )
    }

    /// After a branch was taken up again the kernel may leave out a line that it has printed for what is gone from the log
    /// since: then another visit of the same instruction tells, or nothing does.
    private func source(of position: Int) -> LoggedSource? {
        let step = reader.path[position]
        if step.source >= 0 { return LoggedSource(log.text(reader.sources[Int(step.source)].text)) }
        if let own = reader.sourcesOfInstructions[Int(step.index)] { return LoggedSource(log.text(own)) }
        guard let other = reader.path.last(where: { $0.index == step.index && $0.source >= 0 }) else { return nil }
        return LoggedSource(log.text(reader.sources[Int(other.source)].text))
    }

    /// `Unreleased reference id=2 alloc_insn=4`
    var acquisition: LoggedStep? {
        for message in messages {
            guard message.contains("alloc_insn="),
                let match = message.firstMatch(of: #/alloc_insn=(\d{1,9})\b/#), let index = Int(match.1)
            else { continue }
            return reader.path.lastIndex { Int($0.index) == index }.map(step(at:))
        }
        return nil
    }

    /// `R1` and `R10` where they stand as words of their own.
    private static func registers(in message: String) -> [Int] {
        func isPartOfWord(_ byte: UInt8) -> Bool {
            byte == UInt8(ascii: "_") || byte >= 0x80 || Character(UnicodeScalar(byte)).isLetter
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        var numbers: [Int] = []
        var previous = UInt8(ascii: " ")
        var rest = Substring(message).utf8
        while let byte = rest.popFirst() {
            defer { previous = byte }
            guard byte == UInt8(ascii: "R"), !isPartOfWord(previous) else { continue }
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            guard digits.count <= 2, let number = Int(Substring(digits)), number <= 10,
                rest.dropFirst(digits.count).first.map(isPartOfWord) != true
            else { continue }
            numbers.append(number)
        }
        return numbers
    }

    /// Registers that the messages name come first, then those that the instruction reads, and what was added to the first
    /// to make it what it is.
    func registers(named messages: [String]) -> [LoggedRegister] {
        var numbers: [Int] = []
        for message in messages {
            for number in Self.registers(in: message) where !numbers.contains(number) { numbers.append(number) }
        }
        let named = Set(numbers)
        if end < reader.path.count {
            let effect = history.effect(of: reader.path[end])
            for number in effect.read where number != 10 && !numbers.contains(number) { numbers.append(number) }
        }
        var registers = numbers.prefix(Self.mostRegisters).compactMap { number in
            register(number, isNamed: named.contains(number), told: ToldRegister(number, in: messages))
        }
        // Arithmetic made the value: the other side of it is half of the story.
        if let first = registers.first, let added = addend(of: first), !numbers.contains(added.number) {
            registers.append(added.register)
        }
        return registers
    }

    private func register(
        _ number: Int,
        isNamed: Bool,
        before end: Int? = nil,
        told: ToldRegister? = nil
    ) -> LoggedRegister? {
        let trail = history.trail(of: number, before: end ?? self.end)
        let printed = trail.spelling.map { log.text($0) }
        let told = told ?? ToldRegister(number, in: [])
        let spelling = told.spelling(printed, isRangeOld: trail.isRangeOld)
        guard isNamed || spelling != nil || trail.origin != nil else { return nil }
        return LoggedRegister(
            name: "R\(number)",
            isNamedByMessage: isNamed,
            spelling: spelling,
            words: spelling.flatMap { RegisterSpelling($0).words },
            origin: trail.origin.map(step(at:))
        )
    }

    private func addend(of register: LoggedRegister) -> (number: Int, register: LoggedRegister)? {
        guard let number = Int(register.name.dropFirst()), let position = history.trail(of: number, before: end).origin
        else { return nil }
        let step = reader.path[position]
        let effect = history.effect(of: step)
        guard step.opcode & 0x07 == 7 || step.opcode & 0x07 == 4, effect.read.count == 2,
            let added = self.register(effect.read[1], isNamed: false, before: position)
        else { return nil }
        return (effect.read[1], added)
    }

    var turns: (turns: [LoggedTurn], earlier: Int) {
        var paths = PathReader(end < reader.path.count ? Array(reader.path[...end]) : reader.path)
        let turns = paths.read()
        let kept = turns.suffix(Self.mostTurns).map { turn in
            LoggedTurn(
                kind: Self.kind(turn.kind),
                step: step(at: turn.step),
                next: step(at: turn.next),
                times: turn.times
            )
        }
        return (kept, turns.count - kept.count)
    }

    private static func kind(_ kind: PathTurn.Kind) -> LoggedTurn.Kind {
        switch kind {
        case .branch: .branch
        case .call: .call
        case .return: .return
        case .loop: .loop
        }
    }

    var lineSamples: [LoggedStep] {
        var samples: [LoggedStep] = []
        for position in reader.path.indices.reversed() where reader.path[position].isSourceOwn {
            samples.append(step(at: position))
            if samples.count == Self.mostSamples { break }
        }
        return samples
    }
}
