// SPDX-License-Identifier: Apache-2.0

import BTF
import TestBTF
import Testing

@Suite struct MalformedBTFTests {
    private static func blob() -> TypeBlob {
        var blob = TypeBlob()
        let int = blob.integer("int", size: 4)
        let pair = blob.structure("pair", size: 8, [.init("a", int, at: 0), .init("b", int, at: 4)])
        _ = blob.pointer(to: pair)
        return blob
    }

    @Test("BTF that was cut anywhere is refused, and says so")
    func cut() {
        let bytes = Self.blob().bytes
        for length in 0..<bytes.count {
            #expect(throws: BTFError.self) { try BTFTypes(Array(bytes.prefix(length))) }
        }
    }

    @Test("no change of one byte makes anything trap")
    func changedBytes() throws {
        let sound = BTFTypesTests.everyKind(.littleEndian).bytes
        for index in sound.indices {
            for change: UInt8 in [0x01, 0x0f, 0x80, 0xff] {
                var bytes = sound
                bytes[index] ^= change
                guard let types = try? BTFTypes(bytes) else { continue }
                try? types.validate()
                for id in 0..<UInt32(types.count) {
                    _ = types.size(of: id)
                    _ = types.resolved(id)
                    _ = types.spelling(of: id)
                    _ = types.declaration(of: id)
                    _ = types.type(id)?.name.text
                }
            }
        }
    }

    @Test("each kind of damage has its own error")
    func errors() {
        func error(_ change: (inout [UInt8]) -> Void) -> BTFError? {
            var bytes = Self.blob().bytes
            change(&bytes)
            do throws(BTFError) {
                try BTFTypes(bytes).validate()
                return nil
            } catch {
                return error
            }
        }
        #expect(error { $0[0] = 0 } == .notBTF)
        #expect(error { $0[2] = 2 } == .unknownVersion(2))
        #expect(error { $0[4] = 23 } == .outOfBounds(part: .header, offset: 0, size: 23, end: 102))
        #expect(error { $0[8] = 2 } == .misplaced(part: .types, offset: 26))
        #expect(error { $0[$0.count - 1] = 1 } == .unterminatedStrings)
        #expect(error { $0[24 + 7] = 20 } == .unknownKind(20, id: 1))
        #expect(error { $0[24 + 7] = 0 } == .unknownKind(0, id: 1))
        #expect(error { $0[24 + 16 + 5] = 1 } == .cutType(id: 2))
        #expect(error { $0[24 + 16 + 36 + 8] = 9 } == .noSuchType(9, of: 3))
        #expect(error { $0[24 + 1] = 9 } == .noSuchName(offset: 9 << 8 | 1, of: 1))
        #expect(error { _ in } == nil)
    }
}
