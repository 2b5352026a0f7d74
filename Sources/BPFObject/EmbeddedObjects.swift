// SPDX-License-Identifier: Apache-2.0

import ELF

/// The BPF objects that another file carries inside: a libbpf skeleton compiled into a C program, a Go binary with its
/// object embedded, a Rust one with `include_bytes!`.
public enum EmbeddedObjects {
    /// The bytes of every BPF object in `bytes`, in the order in which they stand there; the same bytes twice count
    /// once, since a linker may keep more than one copy.
    ///
    /// A place counts if an ELF header for BPF is there and the whole object can be read: what merely begins like one
    /// is passed over; whoever made up thousands of such beginnings is not searched to the end.
    public static func find(in bytes: [UInt8]) -> [ArraySlice<UInt8>] {
        var found: [ArraySlice<UInt8>] = []
        var known: Set<ArraySlice<UInt8>> = []
        var position = 0
        var patience = mostFalseBeginnings
        while let start = nextMagic(in: bytes, from: position), patience > 0 {
            guard ObjectHeader(bytes[start...]) != nil else {
                position = start + 1
                continue
            }
            if let object = object(in: bytes[start...]) {
                if known.insert(object).inserted { found.append(object) }
                position = object.endIndex
            } else {
                patience -= 1
                position = start + 1
            }
        }
        return found
    }

    /// Each costs as much as a whole section table.
    private static let mostFalseBeginnings = 1000

    private static func object(in bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let file = try? ELFFile(bytes),
            file.machine == ELFFile.bpfMachine,
            file.kind == .relocatable,
            file.extent <= bytes.count
        else { return nil }
        let object = bytes.prefix(file.extent)
        return (try? BPFObject(object)) == nil ? nil : object
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
