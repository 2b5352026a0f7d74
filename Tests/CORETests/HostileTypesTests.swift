// SPDX-License-Identifier: Apache-2.0

import BTF
import Instruction
import TestBTF
import Testing

@testable import CORE

/// Types that no compiler has made.
@Suite struct HostileTypesTests {
    private static func pair() -> CORERelocatorTests.Pair {
        var pair = CORERelocatorTests.Pair()
        func fill(_ blob: inout TypeBlob) -> UInt32 {
            let int = blob.integer("int", size: 4)
            let array = blob.array(of: int, 3)
            let inner = blob.structure("", size: 4, [.init("x", int, at: 0)])
            let pointer = blob.pointer(to: blob.prototype(returning: int, [("p", int)]))
            _ = blob.enumeration("e", [("A", 1)])
            return blob.structure(
                "s",
                size: 32,
                [
                    .init("a", array, atBit: 0, size: 0), .init("", inner, atBit: 96, size: 0),
                    .init("f", pointer, atBit: 128, size: 0), .init("b", int, atBit: 193, size: 3),
                ]
            )
        }
        pair.root = fill(&pair.object)
        _ = fill(&pair.kernel)
        return pair
    }

    /// Everything that can be asked of the struct.
    private static func ask(_ object: BTFTypes, _ kernel: BTFTypes) {
        var relocator = CORERelocator(types: object, target: CORETarget(kernel, modules: []), budget: 50_000)
        // The struct is the last.
        for id in [5, UInt32(object.count - 1)] {
            for kind in CORERelocationKind.allCases {
                for access in ["0", "0:0", "0:0:1", "0:1:0", "0:2", "0:3", "7:3"] {
                    let relocation = CORERelocation(types: object, type: id, access: access, kind: kind)
                    let resolution = relocator.resolve(relocation)
                    _ = resolution.description
                    _ = resolution.local?.description
                    _ = resolution.target?.description
                    _ = resolution.patch(BPFInstruction(code: 0x61))
                }
            }
        }
    }

    @Test("no change of one byte, of the object's types or the kernel's, makes anything trap")
    func changedBytes() throws {
        let pair = Self.pair()
        let (object, kernel) = (try pair.object.read(), try pair.kernel.read())
        let sound = pair.object.bytes
        for index in sound.indices {
            for change: UInt8 in [0x01, 0x80, 0xff] {
                var bytes = sound
                bytes[index] ^= change
                guard let changed = try? BTFTypes(bytes) else { continue }
                Self.ask(changed, kernel)
                Self.ask(object, changed)
            }
        }
    }

    @Test("an object that asks too much gets no answers any more, and no wrong ones")
    func tooMuch() throws {
        var pair = CORERelocatorTests.Pair()
        let int = pair.object.integer("int", size: 4)
        // Twenty types of one name here and there: each is held against each.
        pair.root = pair.object.structure("s", size: 4, [.init("f", int, at: 0)])
        for _ in 1..<20 { _ = pair.object.structure("s", size: 4, [.init("f", int, at: 0)]) }
        let other = pair.kernel.integer("int", size: 4)
        let many = (0..<30).map { TypeBlob.Member("m\($0)", other, at: $0) }
        for _ in 0..<20 { _ = pair.kernel.structure("s", size: 4, many) }
        let types = try pair.object.read()
        var relocator = CORERelocator(
            types: types,
            target: CORETarget(try pair.kernel.read(), modules: []),
            budget: 7000
        )
        var outcomes: [COREResolution.Outcome] = []
        for id in pair.root..<UInt32(types.count) {
            let relocation = CORERelocation(types: types, type: id, access: "0:0", kind: .fieldByteOffset)
            outcomes.append(relocator.resolve(relocation).outcome)
        }
        let answered = outcomes.prefix { $0 == .poisoned }.count
        #expect(answered > 5 && answered < outcomes.count)
        #expect(outcomes.dropFirst(answered).allSatisfy { $0 == .undecided })
    }
}
