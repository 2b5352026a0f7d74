// SPDX-License-Identifier: Apache-2.0

/// The bytes of one blob, which nobody changes: a copy of its own, or memory that somebody else has mapped.
///
/// Whoever maps a file does it in a room with effects, and hands over how it is given back.
public final class BTFBytes: @unchecked Sendable {
    // Immutable from here on, which is what makes sharing it safe.
    private let buffer: UnsafeRawBufferPointer
    private let release: @Sendable () -> Void

    public var count: Int { buffer.count }

    /// A copy.
    public init(_ bytes: ArraySlice<UInt8>) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 8)
        bytes.withUnsafeBytes { copy.copyMemory(from: $0) }
        buffer = UnsafeRawBufferPointer(copy)
        let address = UInt(bitPattern: copy.baseAddress)
        release = { UnsafeMutableRawPointer(bitPattern: address)?.deallocate() }
    }

    public convenience init(_ bytes: [UInt8]) {
        self.init(bytes[...])
    }

    /// Memory of somebody else's.
    ///
    /// - Parameters:
    ///   - memory: must stay as it is until `release` is called.
    ///   - release: gives it back; called once, when nobody reads it any more.
    public init(mapped memory: UnsafeRawBufferPointer, release: @escaping @Sendable () -> Void) {
        buffer = memory
        self.release = release
    }

    deinit {
        release()
    }

    /// The number at `offset` as it is stored; 0 where there are no such bytes.
    @inline(__always)
    func word(at offset: Int) -> UInt32 {
        // The count is never below zero, so this is the whole of the check; it can't overflow.
        guard offset >= 0, offset <= buffer.count - 4 else { return 0 }
        return buffer.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
    }

    @inline(__always)
    func byte(at offset: Int) -> UInt8 {
        guard offset >= 0, offset < buffer.count else { return 0 }
        return buffer[offset]
    }

    /// The bytes of a range, which is cut to what there is; valid during the call.
    @inline(__always)
    func withBytes<Result>(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        body(UnsafeRawBufferPointer(rebasing: buffer[range.clamped(to: 0..<buffer.count)]))
    }
}
