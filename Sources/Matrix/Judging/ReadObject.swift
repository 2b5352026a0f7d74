// SPDX-License-Identifier: Apache-2.0

import Assumptions
import BPFObject
import ModuleNeeds
import Synchronization
import VerifierLog

/// All that an object says of its programs, read when it is first asked for: most objects are accepted, and never are.
///
/// A class for the lock in it; it is what the bytes make it, so that two of the same object are equal.
final class ReadObject: Sendable {
    private let bytes: [UInt8]
    // Locks, since several kernels' examinations ask at once; each is held while the object is read, which happens once.
    private let contents = Mutex<ObjectContents??>(nil)
    private let assumed = Mutex<Assumptions?>(nil)
    private let needed = Mutex<NeededNames?>(nil)
    private let tables = Mutex<[TailCallTable]?>(nil)

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// nil where libbpf would not open the object either, or where it is not read for other reasons.
    var whole: ObjectContents? {
        contents.withLock { known in
            if let known { return known }
            // Of what can't be read whole, the kernel's own words have to do.
            let read = try? ObjectContents(bytes)
            known = .some(read)
            return read
        }
    }

    /// What its loader is plainly meant to set; nothing of an object that can't be read whole.
    var assumptions: Assumptions {
        assumed.withLock { known in
            if let known { return known }
            let found = whole.map { Assumptions(of: $0) } ?? .none
            known = found
            return found
        }
    }

    /// What it can't be loaded without; nothing of an object that can't be read whole.
    var neededNames: NeededNames {
        needed.withLock { known in
            if let known { return known }
            let found = whole.map { NeededNames(of: $0) } ?? .none
            known = found
            return found
        }
    }

    /// Tables of tail calls that several programs use; none of an object that can't be read whole.
    var tailCallTables: [TailCallTable] {
        tables.withLock { known in
            if let known { return known }
            var found: [TailCallTable] = []
            if let whole, whole.maps.contains(where: \.definition.holdsPrograms) {
                // Programs that come to too much together are not laid out, and have no tables.
                found = (try? whole.linkedPrograms()).map { whole.tailCallTables($0) } ?? []
            }
            known = found
            return found
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
