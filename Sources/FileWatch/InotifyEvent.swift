// SPDX-License-Identifier: Apache-2.0

import ByteReader

/// `struct inotify_event` (inotify(7)).
public struct InotifyEvent: Sendable, Hashable {
    /// The number of the watch.
    public let watch: Int32
    /// `IN_…` bits.
    public let mask: UInt32
    /// In the folder that is watched; empty where the folder itself is meant.
    public let name: String

    public init(watch: Int32, mask: UInt32, name: String) {
        self.watch = watch
        self.mask = mask
        self.name = name
    }

    /// Those that one read(2) has brought; the kernel never cuts one in two.
    static func events(in bytes: [UInt8]) -> [InotifyEvent] {
        var reader = ByteReader(bytes)
        var events: [InotifyEvent] = []
        while !reader.isAtEnd, let event = try? InotifyEvent(&reader) { events.append(event) }
        return events
    }

    private init(_ reader: inout ByteReader) throws(ByteReaderError) {
        watch = try reader.integer()
        mask = try reader.integer()
        let _: UInt32 = try reader.integer()
        let length: UInt32 = try reader.integer()
        // Filled up with zero bytes.
        name = String(decoding: try reader.bytes(Int(length)).prefix { $0 != 0 }, as: UTF8.self)
    }
}
