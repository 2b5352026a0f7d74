// SPDX-License-Identifier: Apache-2.0

import CFuzzer
import Foundation

/// `bpfmatrix-fuzz TARGET [libFuzzer's arguments]`: feeds one reader with bytes until it traps or time is up.
/// `bpfmatrix-fuzz seeds FOLDER`: writes what to begin with. See docs/fuzzing.md.
@main
struct Fuzz {
    /// The first argument; libFuzzer gets the others.
    private static let target = CommandLine.arguments.dropFirst().first.flatMap(FuzzTarget.init)

    static func main() {
        if CommandLine.arguments.dropFirst().first == "seeds", CommandLine.arguments.count == 3 {
            do {
                return try Seeds(folder: URL(filePath: CommandLine.arguments[2])).write()
            } catch {
                complain("\(error)")
                exit(3)
            }
        }
        guard target != nil else {
            let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: " | ")
            complain("usage: bpfmatrix-fuzz seeds FOLDER | (\(names)) [libFuzzer's arguments]")
            exit(64)
        }
        let words = [CommandLine.arguments[0]] + CommandLine.arguments.dropFirst(2)
        var arguments = words.map { strdup($0) }
        arguments.append(nil)
        var count = CInt(words.count)
        let status = arguments.withUnsafeMutableBufferPointer { buffer in
            var base = buffer.baseAddress
            return LLVMFuzzerRunDriver(&count, &base) { data, size in
                Fuzz.target?.read(Array(UnsafeBufferPointer(start: data, count: size)))
                return 0
            }
        }
        exit(status)
    }

    private static func complain(_ text: String) { FileHandle.standardError.write(Data("\(text)\n".utf8)) }
}
