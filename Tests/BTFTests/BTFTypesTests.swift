// SPDX-License-Identifier: Apache-2.0

import BTF
import ByteReader
import TestBTF
import Testing

@Suite struct BTFTypesTests {
    static let orders: [ByteOrder] = [.littleEndian, .bigEndian]

    /// One of every kind.
    static func everyKind(_ order: ByteOrder) -> TypeBlob {
        var blob = TypeBlob(order)
        let int = blob.integer("int", size: 4, isSigned: true)  // 1
        let pointer = blob.pointer(to: int)  // 2
        _ = blob.array(of: pointer, 5)  // 3
        _ = blob.structure(
            "s",
            size: 16,
            [
                .init("a", int, atBit: 0, size: 0), .init("b", int, atBit: 33, size: 3),
                .init("c", pointer, atBit: 64, size: 0),
            ]
        )  // 4
        _ = blob.structure("u", size: 8, [.init("p", pointer, at: 0), .init("n", int, at: 4)], isUnion: true)  // 5
        _ = blob.enumeration("e", [("ONE", 1), ("MINUS", -1)], isSigned: true)  // 6
        _ = blob.forward("f", isUnion: true)  // 7
        _ = blob.typedef("t", int)  // 8
        for kind: UInt32 in 9...11 { blob.add(kind: kind, sizeOrType: int) }  // 9, 10, 11
        let prototype: UInt32 = 13
        _ = blob.function("main", prototype)  // 12
        _ = blob.prototype(returning: int, [("argc", int), ("argv", pointer)])  // 13
        blob.add(kind: 14, "v", sizeOrType: int, tail: [1])  // 14
        blob.add(kind: 15, ".data", length: 1, sizeOrType: 4, tail: [14, 0, 4])  // 15
        blob.add(kind: 16, "float", sizeOrType: 4)  // 16
        blob.add(kind: 17, "tagged", sizeOrType: 4, tail: [1])  // 17
        blob.add(kind: 18, "user", sizeOrType: int)  // 18
        _ = blob.enumeration("e64", [("LARGE", 0x1_2345_6789)], size: 8, is64Bit: true)  // 19
        return blob
    }

    @Test("every kind is read, in both byte orders", arguments: orders)
    func kinds(order: ByteOrder) throws {
        let types = try Self.everyKind(order).read()
        #expect(types.byteOrder == order)
        #expect(types.count == 20 && types.ownIDs == 1..<20)
        for number: UInt8 in 0..<20 {
            #expect(types.type(UInt32(number))?.kind == BTFKind(rawValue: number))
        }
        #expect(types.type(20) == nil)
        try types.validate()

        #expect(types.type(1)?.integer?.isSigned == true && types.type(1)?.integer?.bits == 32)
        #expect(types.type(2)?.target == 1)
        #expect(types.type(3)?.array?.count == 5 && types.type(3)?.array?.element == 2)
        let members = try #require(types.type(4)).members
        #expect(members.map(\.name.text) == ["a", "b", "c"])
        #expect(members.map(\.bitOffset) == [0, 33, 64] && members.map(\.bitFieldSize) == [0, 3, 0])
        #expect(types.type(5)?.members.map(\.bitOffset) == [0, 32])
        #expect(types.type(6)?.enumerators.map(\.valueText) == ["1", "-1"])
        #expect(types.type(7)?.kindFlag == true)
        #expect(types.type(12)?.linkage == .global && types.type(14)?.linkage == .global)
        #expect(types.type(13)?.parameters.map(\.name.text) == ["argc", "argv"])
        #expect(types.type(15)?.variables.map(\.type) == [14])
        #expect(types.type(17)?.component == 1 && types.type(17)?.target == 4)
        #expect(types.type(18)?.name.text == "user")
        #expect(types.type(19)?.enumerators.map(\.value) == [0x1_2345_6789])
    }

    @Test(
        "a type's size is what it comes down to",
        arguments: [(1, 4), (2, 8), (3, 40), (4, 16), (6, 4), (8, 4), (10, 4), (14, 4), (16, 4), (18, 4), (19, 8)]
            as [(UInt32, UInt32)]
    )
    func sizes(id: UInt32, size: UInt32) throws {
        #expect(try Self.everyKind(.littleEndian).read().size(of: id) == size)
    }

    @Test("void, functions and what is only declared have no size", arguments: [0, 7, 12, 13, 99] as [UInt32])
    func noSize(id: UInt32) throws {
        #expect(try Self.everyKind(.littleEndian).read().size(of: id) == nil)
    }

    @Test("types are found by name and kind, with an index and without", arguments: [true, false])
    func names(isIndexed: Bool) throws {
        var blob = TypeBlob()
        let int = blob.integer("int", size: 4)
        let plain = blob.structure("task", size: 4, [.init("a", int, at: 0)])
        let flavour = blob.structure("task___old", size: 8, [.init("b", int, at: 0)])
        let alias = blob.typedef("task", plain)
        _ = blob.structure("task____old", size: 8, [])
        _ = blob.structure("tasks", size: 8, [])
        let types = try blob.read(indexed: isIndexed)
        #expect(types.ids(named: "task") == [plain, alias])
        #expect(types.id(named: "task", kind: .typedef) == alias)
        #expect(types.id(named: "task___old") == flavour)
        #expect(types.id(named: "no") == nil && types.id(named: "") == nil)
        let name = try #require(types.type(flavour)).name
        #expect(types.ids(essentiallyNamed: name) == [plain, flavour, alias])
    }

    @Test(
        "what follows the last three underscores does not count",
        arguments: [
            ("task", "task"), ("task___x", "task"), ("task___x___y", "task___x"), ("___x", "___x"), ("a___", "a___"),
            ("task____x", "task____x"), ("a__b", "a__b"), ("a___b__c", "a"), ("a_b___c_", "a_b"), ("_a___b", "_a"),
            ("a___b___", "a"), ("a___b____c", "a"), ("__a___b", "__a"),
        ]
    )
    func essentialNames(name: String, essential: String) throws {
        var blob = TypeBlob()
        let long = blob.structure(name, size: 0, [])
        let short = blob.structure(essential, size: 0, [])
        let types = try blob.read()
        let one = try #require(types.type(long)).name
        let other = try #require(types.type(short)).name
        #expect(one.essential == essential)
        // The essential part of an essential name may be a part of it again: a___b of a___b___c.
        if other.essential == essential {
            #expect(one.isSameEssentially(as: other))
            #expect(types.ids(essentiallyNamed: one) == [long, short])
        }
    }

    @Test("a module's types go on from the kernel's", arguments: orders)
    func split(order: ByteOrder) throws {
        var kernel = TypeBlob(order)
        let int = kernel.integer("int", size: 4)
        let shared = kernel.structure("shared", size: 4, [.init("a", int, at: 0)])
        var module = TypeBlob(after: kernel)
        let own = module.structure("own", size: 8, [.init("s", shared, at: 0), .init("n", int, at: 4)])
        // A name from the base's strings.
        let again = module.structure("shared", size: 4, [.init("b", int, at: 0)])
        let base = try kernel.read()
        let types = try module.read(after: base)
        #expect(own == 3 && types.ownIDs == 3..<5 && types.count == 5)
        #expect(types.type(own)?.name.text == "own")
        #expect(types.type(own)?.members.map(\.name.text) == ["s", "n"])
        #expect(types.size(of: own) == 8 && types.size(of: shared) == 4)
        #expect(types.ids(named: "shared") == [shared, again])
        let name = try #require(types.type(again)).name
        #expect(types.ids(essentiallyNamed: name, ownOnly: true) == [again])
        #expect(base.type(own) == nil)
    }

    @Test("qualifiers and typedefs that run in a circle end")
    func circles() throws {
        var blob = TypeBlob()
        blob.add(kind: 8, "a", sizeOrType: 2)
        blob.add(kind: 10, sizeOrType: 1)
        blob.add(kind: 3, tail: [3, 3, 2])
        blob.add(kind: 2, sizeOrType: 4)
        let types = try blob.read()
        for id: UInt32 in 1...3 { #expect(types.size(of: id) == nil) }
        #expect(types.resolved(1) == nil)
        // A typedef is spelled by its name, whatever it stands for.
        #expect(types.spelling(of: 2) == "const a")
        for id: UInt32 in 3...4 {
            #expect(types.spelling(of: id).contains("…"))
            #expect(types.declaration(of: id).contains("…"))
        }
    }
}
