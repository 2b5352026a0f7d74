// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Compiler

@Suite struct CompilationWayTests {
    @Test("what the compiler says decides what is tried next: a value of an atomic operation, and nothing else")
    func nextWay() {
        let abilities = Clang.Abilities(splitsColdCode: true, ordersAtomics: true)
        var settings = CompilerSettings()
        settings.code = CodeChoice(oldestKernel: [5, 10])
        let first = CompilationWay(first: settings, for: abilities)
        #expect(first.next(after: "x.c:3:5: error: use of undeclared identifier 'y'", settings) == nil)
        #expect(first.next(after: "clang: error: unable to execute command: Killed", settings) == nil)
        let words = "error: initializing 'u64' with an expression of incompatible type 'void'"
        let next = first.next(after: words, settings)
        #expect(next?.code.hasPlainAdds == false)
    }
}
