// SPDX-License-Identifier: Apache-2.0

import BTF
import CORE
import TestBTF
import Testing

/// Types as such: what exists, and what matches.
@Suite struct TypeMatchTests {
    /// Adds a type to an object's or a kernel's.
    typealias Make = @Sendable (inout TypeBlob) -> UInt32

    /// What an object has and a kernel has under the same name; whether it exists there, and whether it matches.
    struct Example: Sendable {
        let name: String
        let object: Make
        let kernel: Make
        let exists: Bool
        let matches: Bool
    }

    private static func integer(_ blob: inout TypeBlob, _ name: String = "int", _ size: UInt32 = 4) -> UInt32 {
        blob.integer(name, size: size)
    }

    /// A struct with one member.
    private static func one(
        _ member: String,
        _ type: @escaping Make
    ) -> Make {
        { blob in
            let type = type(&blob)
            return blob.structure("s", size: 8, [.init(member, type, at: 0)])
        }
    }

    private static func alias(_ type: @escaping Make) -> Make {
        { blob in
            let type = type(&blob)
            return blob.typedef("t", type)
        }
    }

    /// A typedef of a pointer to a function with such parameters.
    private static func callback(_ parameters: [UInt32]) -> Make {
        alias { blob in
            let types = parameters.enumerated().map { (name: "p\($0)", type: blob.integer("i\($1)", size: $1)) }
            let prototype = blob.prototype(returning: 0, types)
            return blob.pointer(to: prototype)
        }
    }

    static let examples: [Example] = [
        Example(
            name: "a struct with more members",
            object: one("a") { integer(&$0) },
            kernel: { blob in
                let int = integer(&blob)
                return blob.structure("s", size: 8, [.init("b", int, at: 0), .init("a", int, at: 4)])
            },
            exists: true,
            matches: true
        ),
        Example(
            name: "a struct without the member",
            object: one("a") { integer(&$0) },
            kernel: one("b") { integer(&$0) },
            exists: true,
            matches: false
        ),
        Example(
            name: "a member of another size",
            object: one("a") { integer(&$0) },
            kernel: one("a") { integer(&$0, "int", 8) },
            exists: true,
            matches: false
        ),
        Example(
            name: "a member whose type has another name",
            object: one("a") { integer(&$0) },
            kernel: one("a") { integer(&$0, "unsigned int") },
            exists: true,
            matches: false
        ),
        Example(
            name: "pointers to different structs",
            object: one("p") { $0.pointer(to: $0.structure("x", size: 4, [])) },
            kernel: one("p") { $0.pointer(to: $0.structure("y", size: 4, [])) },
            exists: true,
            matches: false
        ),
        Example(
            name: "pointers to structs of one name with other members",
            object: one("p") { $0.pointer(to: one("q") { integer(&$0) }(&$0)) },
            kernel: one("p") { $0.pointer(to: one("r") { integer(&$0) }(&$0)) },
            exists: true,
            matches: true
        ),
        Example(
            name: "a pointer to what the kernel only declares",
            object: one("p") { $0.pointer(to: $0.structure("x", size: 4, [])) },
            kernel: one("p") { $0.pointer(to: $0.forward("x")) },
            exists: true,
            matches: true
        ),
        Example(
            name: "a pointer to a struct where the kernel declares a union",
            object: one("p") { $0.pointer(to: $0.structure("x", size: 4, [])) },
            kernel: one("p") { $0.pointer(to: $0.forward("x", isUnion: true)) },
            exists: true,
            matches: false
        ),
        Example(
            name: "a pointer to what the object only declares",
            object: one("p") { $0.pointer(to: $0.forward("x", isUnion: true)) },
            kernel: one("p") { $0.pointer(to: $0.structure("x", size: 4, [], isUnion: true)) },
            exists: true,
            matches: true
        ),
        Example(
            name: "arrays of other lengths",
            object: alias { $0.array(of: integer(&$0), 3) },
            kernel: alias { $0.array(of: integer(&$0), 4) },
            exists: true,
            matches: false
        ),
        Example(
            name: "an enumeration with more values, and other numbers",
            object: { $0.enumeration("e", [("A", 0)]) },
            kernel: { $0.enumeration("e", [("B", 0), ("A", 1)]) },
            exists: true,
            matches: true
        ),
        Example(
            name: "an enumeration without the value",
            object: { $0.enumeration("e", [("A", 0)]) },
            kernel: { $0.enumeration("e", [("B", 0), ("C", 1)]) },
            exists: true,
            matches: false
        ),
        Example(
            name: "an enumeration of another size",
            object: { $0.enumeration("e", [("A", 0)]) },
            kernel: { $0.enumeration("e", [("A", 0)], size: 8, is64Bit: true) },
            exists: true,
            matches: false
        ),
        Example(
            name: "functions with the same parameters",
            object: callback([4, 8]),
            kernel: callback([4, 8]),
            exists: true,
            matches: true
        ),
        Example(
            name: "functions with parameters of other sizes",
            object: callback([4, 8]),
            kernel: callback([4, 4]),
            exists: true,
            matches: false
        ),
        Example(
            name: "functions with more parameters",
            object: callback([4]),
            kernel: callback([4, 4]),
            exists: false,
            matches: false
        ),
        Example(
            name: "a typedef of a struct and one of a pointer",
            object: alias { $0.structure("x", size: 4, []) },
            kernel: alias { $0.pointer(to: 0) },
            exists: false,
            matches: false
        ),
        Example(
            name: "a typedef of a struct and one of a union",
            object: alias { $0.structure("x", size: 4, []) },
            kernel: alias { $0.structure("x", size: 4, [], isUnion: true) },
            exists: false,
            matches: false
        ),
    ]

    @Test("a type exists by its make, and matches by all that it has", arguments: examples.indices)
    func example(index: Int) throws {
        let example = Self.examples[index]
        for order in CORERelocatorTests.orders {
            var pair = CORERelocatorTests.Pair(order)
            pair.root = example.object(&pair.object)
            _ = example.kernel(&pair.kernel)
            #expect(try pair.value(.typeExists) == (example.exists ? 1 : 0), "\(example.name)")
            #expect(try pair.value(.typeMatches) == (example.matches ? 1 : 0), "\(example.name)")
        }
    }

    @Test("types that go on for ever are refused")
    func endless() throws {
        var pair = CORERelocatorTests.Pair()
        func circle(_ blob: inout TypeBlob) -> UInt32 {
            let pointer = blob.pointer(to: 1)
            return blob.typedef("t", pointer)
        }
        pair.root = circle(&pair.object)
        _ = circle(&pair.kernel)
        #expect(try pair.resolve(.typeExists).outcome == .refused(.malformedTypes))
        #expect(try pair.resolve(.typeMatches).outcome == .refused(.malformedTypes))
    }
}
