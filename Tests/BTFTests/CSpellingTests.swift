// SPDX-License-Identifier: Apache-2.0

import BTF
import TestBTF
import Testing

@Suite struct CSpellingTests {
    @Test("types are written as C writes them")
    func spelling() throws {
        var blob = TypeBlob()
        let int = blob.integer("int", size: 4, isSigned: true)
        let char = blob.integer("char", size: 1)
        let constChar = blob.const(char)
        let text = blob.pointer(to: constChar)
        let constText = blob.const(text)
        let task = blob.structure("task_struct", size: 8, [.init("pid", int, at: 0)])
        let taskPointer = blob.pointer(to: task)
        let taskArray = blob.array(of: taskPointer, 4)
        let arrayPointer = blob.pointer(to: blob.array(of: int, 3))
        let prototype = blob.prototype(returning: int, [("task", taskPointer), ("", constText)])
        let callback = blob.pointer(to: prototype)
        let variadic = blob.prototype(returning: 0, [("format", text), ("", 0)])
        let none = blob.prototype(returning: 0, [])
        let tagged = blob.pointer(to: blob.add(kind: 18, "user", sizeOrType: char))
        let flexible = blob.array(of: int, 0)
        let grid = blob.array(of: blob.array(of: int, 3), 2)
        let constArray = blob.const(blob.array(of: int, 2))
        let union = blob.forward("lock", isUnion: true)
        let types = try blob.read()
        let table: [(UInt32, String, String)] = [
            (0, "", "void"), (int, "x", "int x"), (text, "", "const char *"), (constText, "s", "const char *const s"),
            (task, "", "struct task_struct"), (taskArray, "all", "struct task_struct *all[4]"),
            (arrayPointer, "p", "int (*p)[3]"), (arrayPointer, "", "int (*)[3]"),
            (callback, "f", "int (*f)(struct task_struct *task, const char *const)"),
            (variadic, "printk", "void printk(const char *format, ...)"), (none, "f", "void f(void)"),
            (tagged, "p", "__attribute__((btf_type_tag(\"user\"))) char *p"), (flexible, "rest", "int rest[]"),
            (grid, "g", "int g[2][3]"), (constArray, "c", "const int c[2]"), (union, "", "union lock"),
        ]
        for (id, name, expected) in table { #expect(types.spelling(of: id, declaring: name) == expected) }
    }

    @Test("a declaration has everything that the type has")
    func declarations() throws {
        var blob = TypeBlob()
        let int = blob.integer("unsigned int", size: 4)
        let inner = blob.structure("", size: 4, [.init("x", int, at: 0), .init("y", int, at: 0)], isUnion: true)
        let outer = blob.structure(
            "sample",
            size: 12,
            [
                .init("flags", int, atBit: 0, size: 3), .init("", inner, atBit: 32, size: 0),
                .init("named", inner, atBit: 64, size: 0),
            ]
        )
        let state = blob.enumeration("state", [("ON", 1), ("ALL", -1)])
        let alias = blob.typedef("state_t", state)
        let function = blob.function("go", blob.prototype(returning: int, [("s", alias)]), linkage: 0)
        let types = try blob.read()
        #expect(
            types.declaration(of: outer) == """
                struct sample {
                \tunsigned int flags : 3;
                \tunion {
                \t\tunsigned int x;
                \t\tunsigned int y;
                \t};
                \tunion {
                \t\tunsigned int x;
                \t\tunsigned int y;
                \t} named;
                };
                """
        )
        #expect(types.declaration(of: state) == "enum state {\n\tON = 1,\n\tALL = 4294967295,\n};")
        #expect(types.declaration(of: alias) == "typedef enum state state_t;")
        #expect(types.declaration(of: function) == "static unsigned int go(state_t s);")
    }

    @Test("where a type is only named, one without a name is cut short to one line")
    func anonymous() throws {
        var blob = TypeBlob()
        let int = blob.integer("int", size: 4)
        let structure = blob.structure("", size: 4, [.init("a", int, at: 0)])
        let state = blob.enumeration("", [("ON", 1)])
        let pointer = blob.pointer(to: structure)
        let types = try blob.read()
        #expect(types.spelling(of: structure) == "struct {…}")
        #expect(types.spelling(of: pointer, declaring: "p") == "struct {…} *p")
        #expect(types.spelling(of: state) == "enum {…}")
        #expect(types.declaration(of: structure) == "struct {\n\tint a;\n};")
    }

    @Test("a section that holds itself has an end")
    func sectionWithinItself() throws {
        var blob = TypeBlob()
        let section = blob.add(kind: 15, ".data", length: 1, sizeOrType: 4, tail: [1, 0, 4])
        #expect(section == 1)
        #expect(try blob.read().declaration(of: section).isEmpty)
    }
}
