// SPDX-License-Identifier: Apache-2.0

import BTF
import ByteReader
import CORE
import TestBTF
import Testing

/// What a made-up object asks of made-up kernels, in both byte orders.
@Suite struct CORERelocatorTests {
    static let orders: [ByteOrder] = [.littleEndian, .bigEndian]

    /// An object's types, a kernel's, and the root of the object's relocation.
    struct Pair {
        var object: TypeBlob
        var kernel: TypeBlob
        var root: UInt32 = 0

        init(_ order: ByteOrder = .littleEndian) {
            object = TypeBlob(order)
            kernel = TypeBlob(order)
        }

        func relocator(modules: [TypeBlob]? = []) throws -> CORERelocator {
            let types = try kernel.read()
            let modules = try modules?.enumerated().map { index, blob in
                CORETarget.Module(name: "m\(index)", types: try blob.read(after: types))
            }
            return CORERelocator(types: try object.read(), target: CORETarget(types, modules: modules))
        }

        func resolve(_ kind: CORERelocationKind, _ access: String = "0", modules: [TypeBlob]? = []) throws
            -> COREResolution
        {
            var relocator = try relocator(modules: modules)
            return relocator.resolve(CORERelocation(types: try object.read(), type: root, access: access, kind: kind))
        }

        func value(_ kind: CORERelocationKind, _ access: String = "0") throws -> UInt64? {
            try resolve(kind, access).number
        }
    }

    /// `struct s { int a; int b; }` of the object; in the kernel there are eight bytes before `b`.
    private static func moved(_ order: ByteOrder = .littleEndian) -> Pair {
        var pair = Pair(order)
        let int = pair.object.integer("int", size: 4, isSigned: true)
        pair.root = pair.object.structure("s", size: 8, [.init("a", int, at: 0), .init("b", int, at: 4)])
        let long = pair.kernel.integer("long", size: 8, isSigned: true)
        let other = pair.kernel.integer("int", size: 4, isSigned: true)
        _ = pair.kernel.structure("s", size: 16, [.init("x", long, at: 0), .init("b", other, at: 8)])
        return pair
    }

    @Test("a field that moved is found at its new offset, with its size and sign", arguments: orders)
    func movedField(order: ByteOrder) throws {
        let pair = Self.moved(order)
        #expect(try pair.value(.fieldByteOffset, "0:1") == 8)
        #expect(try pair.value(.fieldByteSize, "0:1") == 4)
        #expect(try pair.value(.fieldExists, "0:1") == 1)
        #expect(try pair.value(.fieldSigned, "0:1") == 1)
        let resolution = try pair.resolve(.fieldByteOffset, "0:1")
        #expect("\(try #require(resolution.local))" == "<byte_off> [2] struct s.b (0:1 @ offset 4)")
        #expect("\(try #require(resolution.target))" == "<byte_off> [3] struct s.b (0:1 @ offset 8)")
        #expect(resolution.local?.text == "struct s.b")
        #expect("\(resolution)" == "byte_off struct s.b: 4 → 8")
    }

    @Test("a field that is gone is poisoned, or does not exist", arguments: orders)
    func missingField(order: ByteOrder) throws {
        let pair = Self.moved(order)
        for kind: CORERelocationKind in [.fieldByteOffset, .fieldByteSize, .fieldSigned, .fieldLeftShift] {
            #expect(try pair.resolve(kind, "0:0").outcome == .poisoned)
        }
        let resolution = try pair.resolve(.fieldExists, "0:0")
        #expect(resolution.number == 0)
        #expect(resolution.miss == .noMember("a", path: "struct s.a", of: "struct s", similar: []))
    }

    @Test(
        "what a field may be called now is said, where that is sure to look alike",
        arguments: [
            ("state", ["pid", "__state", "exit_state"], ["__state"]), ("state", ["exit_state"], ["exit_state"]),
            ("nr_running", ["h_nr_running", "nr", "running_nr"], ["h_nr_running"]),
            ("state", ["estate", "states"], []),
            ("a", ["ab", "a_b"], []),
        ] as [(String, [String], [String])]
    )
    func renamed(wanted: String, there: [String], similar: [String]) throws {
        var pair = Pair()
        let number = pair.object.integer("int", size: 4)
        pair.root = pair.object.structure("task", size: 4, [.init(wanted, number, at: 0)])
        let other = pair.kernel.integer("int", size: 4)
        let nested = pair.kernel.structure("", size: 4, there.map { .init($0, other, at: 0) })
        _ = pair.kernel.structure("task", size: 8, [.init("", nested, at: 0)])
        let miss = try #require(try pair.resolve(.fieldByteOffset, "0:0").miss)
        #expect(miss == .noMember(wanted, path: "struct task.\(wanted)", of: "struct task", similar: similar))
        let names = similar.isEmpty ? "" : "; it has \(similar.joined(separator: ", "))"
        #expect("\(miss)" == "struct task has no member \(wanted) in this kernel (struct task.\(wanted))\(names)")
    }

    @Test("flavours stand for the type without them, on both sides")
    func flavours() throws {
        var pair = Pair()
        let int = pair.object.integer("int", size: 4)
        pair.root = pair.object.structure("s___mine", size: 4, [.init("b", int, at: 0)])
        let other = pair.kernel.integer("int", size: 4)
        _ = pair.kernel.structure("s___2", size: 8, [.init("b", other, at: 4)])
        _ = pair.kernel.structure("s_other", size: 8, [.init("b", other, at: 0)])
        #expect(try pair.value(.fieldByteOffset, "0:0") == 4)
    }

    @Test("fields of anonymous structs and unions are found, however deep", arguments: orders)
    func anonymous(order: ByteOrder) throws {
        var pair = Pair(order)
        let int = pair.object.integer("int", size: 4)
        let deep = pair.object.structure("", size: 4, [.init("x", int, at: 0)])
        pair.root = pair.object.structure("s", size: 8, [.init("", deep, at: 4)])
        let other = pair.kernel.integer("int", size: 4)
        var inner = pair.kernel.structure("", size: 8, [.init("y", other, at: 0), .init("x", other, at: 4)])
        for _ in 0..<5 { inner = pair.kernel.structure("", size: 12, [.init("", inner, at: 4)], isUnion: true) }
        _ = pair.kernel.structure("s", size: 32, [.init("z", other, at: 0), .init("", inner, at: 8)])
        let resolution = try pair.resolve(.fieldByteOffset, "0:0:0")
        #expect(resolution.number == 8 + 5 * 4 + 4)
        #expect(resolution.target?.path == [0, 1, 0, 0, 0, 0, 0, 1])
        #expect(resolution.target?.text == "struct s.x")
    }

    @Test("struct and union can stand for each other in a way, and pointers for any pointers")
    func compatibleFields() throws {
        // Of the object: a member's type; of the kernel: the same member's, and whether the one can be read as the other.
        let table: [(String, (inout TypeBlob) -> UInt32, (inout TypeBlob) -> UInt32, Bool)] = [
            ("int as long", { $0.integer("int", size: 4) }, { $0.integer("long", size: 8) }, true),
            (
                "struct as union", { $0.structure("a", size: 0, []) },
                { $0.structure("b", size: 0, [], isUnion: true) }, true
            ),
            ("pointer as pointer", { $0.pointer(to: 0) }, { $0.pointer(to: $0.integer("int", size: 4)) }, true),
            ("pointer as integer", { $0.pointer(to: 0) }, { $0.integer("long", size: 8) }, false),
            ("integer as enumeration", { $0.integer("int", size: 4) }, { $0.enumeration("e", []) }, false),
            ("enumerations of one name", { $0.enumeration("e", []) }, { $0.enumeration("e___x", []) }, true),
            ("enumerations of two names", { $0.enumeration("e", []) }, { $0.enumeration("f", []) }, false),
            ("an enumeration without a name", { $0.enumeration("", []) }, { $0.enumeration("f", []) }, true),
            (
                "enumerations of 32 and 64 bits", { $0.enumeration("e", []) },
                { $0.enumeration("e", [], size: 8, is64Bit: true) }, true
            ),
            (
                "behind a typedef", { $0.typedef("t", $0.integer("int", size: 4)) },
                { $0.const($0.integer("i", size: 4)) }, true
            ),
            (
                "float as float", { $0.add(kind: 16, "float", sizeOrType: 4) },
                { $0.add(kind: 16, "d", sizeOrType: 8) }, true
            ),
            (
                "arrays of other lengths", { $0.array(of: $0.integer("int", size: 4), 3) },
                { $0.array(of: $0.integer("long", size: 8), 9) }, true
            ),
            (
                "arrays of others", { $0.array(of: $0.integer("int", size: 4), 3) },
                { $0.array(of: $0.pointer(to: 0), 3) },
                false
            ),
        ]
        for (name, object, kernel, isCompatible) in table {
            var pair = Pair()
            let one = object(&pair.object)
            pair.root = pair.object.structure("s", size: 8, [.init("m", one, at: 0)])
            let other = kernel(&pair.kernel)
            _ = pair.kernel.structure("s", size: 8, [.init("m", other, at: 0)])
            #expect(try pair.value(.fieldExists, "0:0") == (isCompatible ? 1 : 0), "\(name)")
            let miss = try pair.resolve(.fieldExists, "0:0").miss
            if case .otherMemberType = miss { #expect(!isCompatible) } else { #expect(isCompatible && miss == nil) }
        }
    }

    @Test(
        "elements are found within an array, and beyond one that has no end",
        arguments: [("0:0:2", 8), ("0:0:5", nil), ("0:1:7", 16 + 28), ("1:0:1", 20 + 4), ("2", 40)]
            as [(String, UInt64?)]
    )
    func arrays(access: String, offset: UInt64?) throws {
        var pair = Pair()
        let int = pair.object.integer("int", size: 4)
        pair.root = pair.object.structure(
            "s",
            size: 32,
            [.init("a", pair.object.array(of: int, 8), at: 0), .init("rest", pair.object.array(of: int, 0), at: 32)]
        )
        let other = pair.kernel.integer("int", size: 4)
        _ = pair.kernel.structure(
            "s",
            size: 20,
            [
                .init("a", pair.kernel.array(of: other, 4), at: 0),
                .init("rest", pair.kernel.array(of: other, 0), at: 16),
            ]
        )
        #expect(try pair.value(.fieldByteOffset, access) == offset)
        if offset == nil {
            #expect(try pair.resolve(.fieldByteOffset, access).miss == .shortArray("struct s.a[5]", count: 4))
        }
    }

    @Test("of an element only offset and size can be asked")
    func elements() throws {
        var pair = Self.moved()
        let resolution = try pair.resolve(.fieldSigned, "0")
        #expect(resolution.outcome == .refused(.notForElements(.fieldSigned)))
        #expect(try pair.value(.fieldByteSize, "3") == 16)
        pair.root = 1
        #expect(try pair.resolve(.fieldByteOffset, "0:0").outcome == .refused(.malformedAccess("0:0")))
    }

    @Test(
        "a bit-field is read in the smallest integer that has it whole",
        arguments: [
            // Bit and size of the field; byte offset, byte size, left shift (little, big), right shift.
            (0, 3, 0, 4, 61, 32, 61), (30, 4, 0, 8, 30, 30, 60), (37, 5, 4, 4, 54, 37, 59), (63, 1, 4, 4, 32, 63, 63),
            (60, 8, nil, 0, 0, 0, 0),
        ] as [(UInt32, UInt32, UInt64?, UInt64, UInt64, UInt64, UInt64)]
    )
    func bitFields(
        bit: UInt32,
        size: UInt32,
        offset: UInt64?,
        bytes: UInt64,
        little: UInt64,
        big: UInt64,
        right: UInt64
    ) throws {
        for order in Self.orders {
            var pair = Pair(order)
            let int = pair.object.integer("int", size: 4, isSigned: true)
            pair.root = pair.object.structure("s", size: 16, [.init("f", int, atBit: 1, size: 2)])
            let other = pair.kernel.integer("unsigned int", size: 4)
            _ = pair.kernel.structure("s", size: 16, [.init("f", other, atBit: bit, size: size)])
            guard let offset else {
                #expect(try pair.resolve(.fieldByteOffset, "0:0").outcome == .refused(.wideBitField))
                continue
            }
            #expect(try pair.value(.fieldByteOffset, "0:0") == offset)
            #expect(try pair.value(.fieldByteSize, "0:0") == bytes)
            #expect(try pair.value(.fieldLeftShift, "0:0") == (order == .littleEndian ? little : big))
            #expect(try pair.value(.fieldRightShift, "0:0") == right)
            #expect(try pair.value(.fieldSigned, "0:0") == 0)
            guard case .value(let value) = try pair.resolve(.fieldByteOffset, "0:0").outcome else {
                Issue.record("no value")
                continue
            }
            #expect(!value.isValidated)
        }
    }

    @Test("types are found, measured and numbered; one that is not there is 0", arguments: orders)
    func types(order: ByteOrder) throws {
        let pair = Self.moved(order)
        #expect(try pair.value(.typeExists) == 1 && pair.value(.typeSize) == 16 && pair.value(.typeIDTarget) == 3)
        #expect(try pair.value(.typeIDLocal) == 2)
        var none = pair
        none.kernel = TypeBlob(order)
        let long = none.kernel.integer("int", size: 4)
        _ = none.kernel.structure("s", size: 4, [.init("a", long, at: 0)], isUnion: true)
        #expect(try none.value(.typeExists) == 0 && none.value(.typeSize) == 0 && none.value(.typeIDTarget) == 0)
        #expect(try none.value(.typeIDLocal) == 2)
        #expect(
            try none.resolve(.typeExists).miss == .noType("struct s", otherKind: "union s", knowsModules: true)
        )
        #expect(try none.resolve(.fieldByteOffset, "0:0").outcome == .poisoned)
        #expect(try none.resolve(.typeExists, "1").outcome == .refused(.malformedAccess("1")))
    }

    @Test("values of enumerations of 32 and 64 bits are found by name", arguments: orders)
    func enumerators(order: ByteOrder) throws {
        var pair = Pair(order)
        pair.root = pair.object.enumeration("e", [("ONE", 1), ("TWO___old", 2), ("GONE", 3), ("MINUS", -1)])
        _ = pair.kernel.enumeration(
            "e",
            [("ZERO", 0), ("ONE", 0x1_0000_0002), ("TWO", 9), ("MINUS", -7)],
            size: 8,
            isSigned: true,
            is64Bit: true
        )
        #expect(try pair.value(.enumeratorValue, "0") == 0x1_0000_0002)
        #expect(try pair.value(.enumeratorValue, "1") == 9)
        #expect(try pair.value(.enumeratorExists, "2") == 0)
        #expect(try pair.resolve(.enumeratorValue, "2").outcome == .poisoned)
        #expect(try pair.resolve(.enumeratorValue, "2").miss == .noEnumerator("GONE", of: "enum e"))
        #expect(try pair.value(.enumeratorValue, "3") == UInt64(bitPattern: -7))
        #expect(try pair.resolve(.enumeratorValue, "4").outcome == .refused(.malformedAccess("4")))
        let found = try #require(try pair.resolve(.enumeratorValue, "3").target)
        #expect("\(found)" == "<enumval_value> [1] enum64 e::MINUS = -7")
    }
}

extension COREResolution {
    /// nil where there is no value.
    var number: UInt64? {
        guard case .value(let value) = outcome else { return nil }
        return value.value
    }
}
