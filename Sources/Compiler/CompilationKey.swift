// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Foundation
import SystemPackage

/// All that decides what a compilation comes to, as one digest: what the preprocessor reads now, what the compiler's driver makes
/// of the command line now, and the compiler itself.
struct CompilationKey {
    private var digest = RunningDigest()

    /// Changes when objects of an earlier form must not be found any more.
    private static let form = "compilation 2"

    init() {
        add([Self.form])
    }

    mutating func add(_ texts: [String]) {
        for text in texts {
            // The length, so that no two lists are the same text.
            var bytes = Array("\(text.utf8.count):\(text)\n".utf8)
            bytes.withUnsafeMutableBytes { digest.add(UnsafeRawBufferPointer($0)) }
        }
    }

    /// The contents of files, by their names.
    mutating func add(contentsOf files: [FilePath]) {
        for file in files { add([file.string, ContentDigest(ofFile: file)?.hexadecimal ?? "missing"]) }
    }

    mutating func add(stampsOf files: [FilePath]) {
        for file in files { add([FileStamp.text(of: file) ?? "\(file) missing"]) }
    }

    var value: ContentDigest { digest.digest }

    /// Variables that compilers and the loader of programs read. Most are in what the driver prints, too; a compilation more
    /// costs less than one that was missed.
    static func variables(of environment: [String: String]) -> [String] {
        let prefixes = ["CCC_", "CLANG", "LLVM", "LD_", "GCC_", "QA_OVERRIDE_", "COMPILER_PATH", "SOURCE_DATE_EPOCH"]
        return environment.filter { name, _ in
            name == "CPATH" || name.hasSuffix("_INCLUDE_PATH") || prefixes.contains { name.hasPrefix($0) }
        }
        .map { "\($0.key)=\($0.value)" }.sorted()
    }
}
