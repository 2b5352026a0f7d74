// SPDX-License-Identifier: Apache-2.0

import BPFObject
import Foundation

/// The two orders in which BPF objects are made.
public enum Target: String, CaseIterable, Sendable {
    case littleEndian = "bpfel"
    case bigEndian = "bpfeb"
}

/// Objects compiled for a test, with no headers but the few lines that stand here.
public enum CompiledObject {
    public struct Refused: Error {
        public let code: String
    }

    private static let opening = """
        #define SEC(name) __attribute__((section(name), used))
        #define __uint(name, value) int (*name)[value]
        #define __type(name, value) typeof(value) *name
        #define __array(name, value) typeof(value) *name[]
        #define __ulong(name, value) enum { ___bpf_concat_##name = value } name
        #define __noinline __attribute__((noinline))
        #define __weak __attribute__((weak))
        #define __ksym __attribute__((section(".ksyms")))
        #define __kconfig __attribute__((section(".kconfig")))
        typedef unsigned int u32;
        typedef unsigned long long u64;
        static void *(*bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
        static u64 (*bpf_ktime_get_ns)(void) = (void *)5;
        static long (*bpf_loop)(u32 count, void *callback, void *context, u64 flags) = (void *)181;
        char LICENSE[] SEC("license") = "GPL";

        """

    public static func bytes(_ code: String, _ target: Target = .littleEndian, options: [String] = ["-g"]) throws
        -> [UInt8]
    {
        let folder = FileManager.default.temporaryDirectory.appending(path: "bpfmatrix-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let source = folder.appending(path: "test.c")
        let object = folder.appending(path: "test.o")
        let header = folder.appending(path: "opening.h")
        try Data(opening.utf8).write(to: header)
        try Data((code + "\n").utf8).write(to: source)
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments =
            ["clang", "-target", target.rawValue, "-mcpu=v3", "-O2", "-Werror", "-include", header.path(), "-c"]
            + options
            + [source.path(), "-o", object.path()]
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Refused(code: code) }
        return Array(try Data(contentsOf: object))
    }

    public static func contents(
        _ code: String,
        _ target: Target = .littleEndian,
        options: [String] = ["-g"]
    ) throws -> ObjectContents {
        try ObjectContents(try bytes(code, target, options: options))
    }
}

extension ObjectContents {
    public func map(_ name: String) -> BPFMap? { maps.first { $0.name == name } }
}
