// SPDX-License-Identifier: Apache-2.0

import BPFObject
import GuestProtocol

/// Something that a guest did not have enough memory for.
struct MemoryShortage: Hashable, CustomStringConvertible {
    /// The map or the program, or the object as a whole.
    let what: String
    /// Bytes that it needs at least; nil where not known.
    let leastMemory: UInt64?

    init(what: String, leastMemory: UInt64? = nil) {
        self.what = what
        self.leastMemory = leastMemory
    }

    /// Of a map that was refused.
    init(of map: MapReport, in object: TestObject) {
        let definition = object.read.whole?.maps.first { $0.name == map.map }?.definition
        self.init(what: "map '\(map.map)'", leastMemory: definition?.leastMemory(entries: map.maxEntries))
    }

    /// Whether a guest with this much memory in MiB can't have what is needed: the kernel and the agent take some too.
    func isBeyond(_ memory: Int) -> Bool {
        leastMemory.map { $0 >> 20 > UInt64(max(0, memory)) * 3 / 4 } ?? false
    }

    var description: String {
        "the guest does not have enough memory for \(what)"
    }
}
