// SPDX-License-Identifier: Apache-2.0

import ELF

/// The BPF objects that another file carries inside: a libbpf skeleton compiled into a C program, a Go binary with its
/// object embedded, a Rust one with `include_bytes!`.
public enum EmbeddedObjects {
    /// The bytes of every BPF object in `bytes`, in the order in which they stand there; the same bytes twice count
    /// once, since a linker may keep more than one copy.
    ///
    /// A place counts if an ELF header for BPF is there and the whole object can be read: what merely begins like one
    /// is passed over. Time is linear in the number of bytes: whoever made up thousands of such beginnings, each with a table that
    /// goes over all that follows, is not searched to the end.
    public static func find(in bytes: [UInt8]) -> [ArraySlice<UInt8>] { search(bytes).objects }

    /// - Returns: besides the objects how many beginnings were read in vain.
    static func search(_ bytes: [UInt8]) -> (objects: [ArraySlice<UInt8>], failures: Int) {
        var failures = 0
        var found: [ArraySlice<UInt8>] = []
        var known: Set<ArraySlice<UInt8>> = []
        var position = 0
        var patience = leastPatience + bytes.count * mostReadings
        while let start = nextMagic(in: bytes, from: position), patience > 0 {
            let rest = bytes[start...]
            guard ObjectHeader(rest) != nil else {
                position = start + 1
                continue
            }
            patience -= headerSize + ELFFile.tableSize(in: rest)
            if let object = object(in: rest, &patience) {
                if known.insert(object).inserted { found.append(object) }
                position = object.endIndex
            } else {
                failures += 1
                position = start + 1
            }
        }
        return (found, failures)
    }

    /// How often each byte may be read on behalf of beginnings that turn out to be none. Objects in a file lie side by side, and
    /// so do those that can't be used.
    private static let mostReadings = 4
    /// Bytes of an ELF header.
    private static let headerSize = 64
    /// Small files may have a few false beginnings too.
    private static let leastPatience = 1 << 20

    private static func object(in bytes: ArraySlice<UInt8>, _ patience: inout Int) -> ArraySlice<UInt8>? {
        guard let file = try? ELFFile(bytes),
            file.machine == ELFFile.bpfMachine,
            file.kind == .relocatable,
            file.extent <= bytes.count
        else { return nil }
        let object = bytes.prefix(file.extent)
        guard (try? BPFObject(object)) != nil else {
            patience -= file.extent
            return nil
        }
        return object
    }

    private static func nextMagic(in bytes: [UInt8], from position: Int) -> Int? {
        bytes.withUnsafeBufferPointer { buffer in
            guard buffer.count >= 4, position <= buffer.count - 4 else { return nil }
            var index = position
            while index <= buffer.count - 4 {
                if buffer[index] == 0x7f, buffer[index + 1] == 0x45, buffer[index + 2] == 0x4c,
                    buffer[index + 3] == 0x46
                {
                    return index
                }
                index += 1
            }
            return nil
        }
    }
}
