// SPDX-License-Identifier: Apache-2.0

import Results

extension Compilation {
    /// The compiler with the flags that are not the same in every run: `clang 21 -mcpu=v3 -DDEBUG, plain atomic adds`.
    ///
    /// All flags are in the results' JSON.
    var compilerText: String {
        var words = [compiler]
        var hasPlainAdds = false
        for flag in flags ?? [] {
            if flag.hasPrefix("-D__sync_") {
                hasPlainAdds = true
            } else if !Self.isUsual(flag) {
                words.append(flag)
            }
        }
        return words.joined(separator: " ") + (hasPlainAdds ? ", plain atomic adds" : "")
    }

    private static func isUsual(_ flag: String) -> Bool {
        ["-g", "-O2", "-Wall", "-DBPF_NO_KFUNC_PROTOTYPES="].contains(flag) || flag.hasPrefix("-D__TARGET_ARCH_")
    }
}
