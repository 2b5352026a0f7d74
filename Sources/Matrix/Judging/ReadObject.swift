// SPDX-License-Identifier: Apache-2.0

import BPFObject
import Synchronization
import VerifierLog

/// All that an object says of its programs, read when it is first asked for: most objects are accepted, and never are.
///
/// A class for the lock in it; it is what the bytes make it, so that two of the same object are equal.
final class ReadObject: Sendable {
    private let bytes: [UInt8]
    private let contents = Mutex<Reading>(.notYet)

    private enum Reading {
        case notYet
        /// nil where it can't be read whole: then the kernel's own words have to do.
        case done(ObjectContents?)
    }

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// nil where libbpf would not open the object either, or where it is not read for other reasons.
    var whole: ObjectContents? {
        contents.withLock { reading in
            if case .done(let known) = reading { return known }
            let read = try? ObjectContents(bytes)
            reading = .done(read)
            return read
        }
    }

    func program(_ name: String) -> LinkedProgram? {
        // Two attempts: there is no program of that name, or it reaches more than is laid out. Both have no lines.
        guard let whole, let program = try? whole.program(named: name) else { return nil }
        return program
    }
}

extension ReadObject: Hashable {
    static func == (one: ReadObject, other: ReadObject) -> Bool { one === other || one.bytes == other.bytes }

    func hash(into hasher: inout Hasher) {
        hasher.combine(bytes.count)
    }
}

extension ExplainedPlace {
    init(_ place: SourcePlace) {
        self.init(
            file: place.file.isEmpty ? nil : place.file,
            line: place.line == 0 ? nil : place.line,
            column: place.column == 0 ? nil : place.column,
            text: place.text,
            function: place.function
        )
    }
}
