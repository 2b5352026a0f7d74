// SPDX-License-Identifier: Apache-2.0

import BTF
import CORE
import Instruction
import TestBTF
import Testing

/// What relocations do to instructions.
@Suite struct PatchTests {
    /// Opcodes: linux/bpf_common.h, linux/bpf.h.
    private enum Code {
        static let load64: UInt8 = 0x79
        static let load32: UInt8 = 0x61
        static let load8: UInt8 = 0x71
        static let store32: UInt8 = 0x63
        static let storeImmediate32: UInt8 = 0x62
        static let move: UInt8 = 0xb7
        static let moveRegister: UInt8 = 0xbf
        static let add32: UInt8 = 0x04
        static let wide: UInt8 = 0x18
        static let jump: UInt8 = 0x05
    }

    /// A field of the object at byte 4, and the kernel's at another, of other types.
    private static func resolution(
        _ object: (inout TypeBlob) -> UInt32,
        _ kernel: (inout TypeBlob) -> UInt32,
        at offset: UInt32 = 8
    ) throws -> COREResolution {
        var pair = CORERelocatorTests.Pair()
        let one = object(&pair.object)
        pair.root = pair.object.structure("s", size: 16, [.init("f", one, at: 4)])
        let other = kernel(&pair.kernel)
        _ = pair.kernel.structure("s", size: 64, [.init("f", other, at: offset)])
        return try pair.resolve(.fieldByteOffset, "0:0")
    }

    private static func unsigned(_ size: UInt32) -> (inout TypeBlob) -> UInt32 {
        { $0.integer("u\(size)", size: size) }
    }

    private static func signed(_ size: UInt32) -> (inout TypeBlob) -> UInt32 {
        { $0.integer("s\(size)", size: size, isSigned: true) }
    }

    private static func pointer(_ blob: inout TypeBlob) -> UInt32 { blob.pointer(to: 0) }

    @Test("offsets go into loads and stores, values into arithmetic")
    func fields() throws {
        let resolution = try Self.resolution(Self.unsigned(4), Self.unsigned(4))
        for code in [Code.load32, Code.store32, Code.storeImmediate32] {
            let patched = BPFInstruction(code: code, offset: 8, immediate: 7)
            #expect(
                resolution.patch(BPFInstruction(code: code, offset: 4, immediate: 7))
                    == .patched(patched, second: nil)
            )
        }
        for code in [Code.move, Code.add32] {
            let patched = BPFInstruction(code: code, destination: 3, immediate: 8)
            #expect(
                resolution.patch(BPFInstruction(code: code, destination: 3, immediate: 4))
                    == .patched(patched, second: nil)
            )
        }
        let wide = BPFInstruction(code: Code.wide, immediate: 4)
        let second = BPFInstruction(code: 0)
        #expect(
            resolution.patch(wide, followedBy: second)
                == .patched(BPFInstruction(code: Code.wide, immediate: 8), second: second)
        )
        #expect(resolution.patch(wide) == .refused(.unexpectedInstruction(code: Code.wide)))
        for code in [Code.moveRegister, Code.jump] {
            #expect(resolution.patch(BPFInstruction(code: code)) == .refused(.unexpectedInstruction(code: code)))
        }
    }

    @Test("an instruction that does not hold what the object's types lead to is refused")
    func validation() throws {
        let resolution = try Self.resolution(Self.unsigned(4), Self.unsigned(4))
        #expect(
            resolution.patch(BPFInstruction(code: Code.load32, offset: 5))
                == .refused(.unexpectedValue(found: 5, expected: 4))
        )
        #expect(
            resolution.patch(BPFInstruction(code: Code.move, immediate: -4))
                == .refused(.unexpectedValue(found: -4, expected: 4))
        )
    }

    @Test("unsigned integers and pointers are read in the kernel's size")
    func resized() throws {
        let wider = try Self.resolution(Self.unsigned(4), Self.unsigned(8))
        #expect(
            wider.patch(BPFInstruction(code: Code.load32, offset: 4))
                == .patched(BPFInstruction(code: Code.load64, offset: 8), second: nil)
        )
        let narrower = try Self.resolution(Self.unsigned(8), Self.unsigned(1))
        #expect(
            narrower.patch(BPFInstruction(code: Code.load64, offset: 4))
                == .patched(BPFInstruction(code: Code.load8, offset: 8), second: nil)
        )
        // Arithmetic does not read anything.
        #expect(
            wider.patch(BPFInstruction(code: Code.move, immediate: 4))
                == .patched(BPFInstruction(code: Code.move, immediate: 8), second: nil)
        )
        #expect(
            wider.patch(BPFInstruction(code: Code.load64, offset: 4))
                == .refused(.unexpectedSize(found: 8, expected: 4))
        )
    }

    @Test("what would be read wrongly in another size is poisoned, but only where it is read")
    func unsafe() throws {
        let table: [(UInt32, (inout TypeBlob) -> UInt32, UInt32, (inout TypeBlob) -> UInt32)] = [
            (4, Self.signed(4), 8, Self.signed(8)), (4, Self.unsigned(4), 8, Self.signed(8)),
            (4, Self.signed(4), 8, Self.unsigned(8)),
        ]
        for (size, object, otherSize, kernel) in table {
            let resolution = try Self.resolution(object, kernel)
            #expect(
                resolution.patch(BPFInstruction(code: Code.load32, offset: 4))
                    == .poisoned(.otherSize(local: size, kernel: otherSize))
            )
            #expect(
                resolution.patch(BPFInstruction(code: Code.move, immediate: 4))
                    == .patched(BPFInstruction(code: Code.move, immediate: 8), second: nil)
            )
        }
        let pointers = try Self.resolution(Self.pointer, Self.pointer)
        #expect(
            pointers.patch(BPFInstruction(code: Code.load64, offset: 4))
                == .patched(BPFInstruction(code: Code.load64, offset: 8), second: nil)
        )
    }

    @Test("an offset that no instruction can hold is refused")
    func farAway() throws {
        let resolution = try Self.resolution(Self.unsigned(4), Self.unsigned(4), at: 32768)
        #expect(
            resolution.patch(BPFInstruction(code: Code.load32, offset: 4)) == .refused(.offsetTooLarge(32768))
        )
        #expect(
            resolution.patch(BPFInstruction(code: Code.move, immediate: 4))
                == .patched(BPFInstruction(code: Code.move, immediate: 32768), second: nil)
        )
    }

    @Test("what is not there poisons any instruction")
    func missing() throws {
        let resolution = try Self.resolution(Self.unsigned(4), Self.pointer)
        for code in [Code.load32, Code.wide, Code.jump] {
            #expect(resolution.patch(BPFInstruction(code: code)) == .poisoned(.notFound))
        }
        #expect(BPFInstruction.poison.immediate == 0xbad_2310)
    }

    @Test("a value of 64 bits goes into both halves of a wide load")
    func wide() throws {
        var pair = CORERelocatorTests.Pair()
        pair.root = pair.object.enumeration("e", [("A", 1)], size: 8, is64Bit: true)
        _ = pair.kernel.enumeration("e", [("A", 0x1_2345_6789_abcd)], size: 8, is64Bit: true)
        let resolution = try pair.resolve(.enumeratorValue, "0")
        let patched = resolution.patch(
            BPFInstruction(code: Code.wide, immediate: 1),
            followedBy: BPFInstruction(code: 0)
        )
        #expect(
            patched
                == .patched(
                    BPFInstruction(code: Code.wide, immediate: 0x6789_abcd),
                    second: BPFInstruction(code: 0, immediate: 0x1_2345)
                )
        )
    }
}
