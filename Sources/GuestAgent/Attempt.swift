// SPDX-License-Identifier: Apache-2.0

import CGuest
import Glibc
import LoaderContract

/// What libbpf wanted to hand to the kernel; can be handed over more than once.
struct Attempt {
    let instructions: UnsafePointer<bpf_insn>?
    let options: bpf_prog_load_opts
    private let type: bpf_prog_type
    private let name: UnsafePointer<CChar>?
    private let license: UnsafePointer<CChar>?
    private let count: Int

    init(
        _ type: bpf_prog_type,
        _ name: UnsafePointer<CChar>?,
        _ license: UnsafePointer<CChar>?,
        _ instructions: UnsafePointer<bpf_insn>?,
        _ count: Int,
        _ options: bpf_prog_load_opts
    ) {
        self.type = type
        self.name = name
        self.license = license
        self.instructions = instructions
        self.count = count
        self.options = options
    }

    /// The same program, for another place to attach it to.
    func attached(to target: StandInTarget) -> Attempt {
        var options = options
        options.attach_btf_id = UInt32(max(0, target.identifier))
        return Attempt(type, name, license, instructions, count, options)
    }

    /// A descriptor or a negative errno. Without a buffer libbpf's own is kept.
    func load(log: UnsafeMutableBufferPointer<CChar>?, level: UInt32) -> Int32 {
        var options = options
        if let log {
            options.log_buf = log.baseAddress
            options.log_size = UInt32(log.count)
            options.log_level = level
        }
        return guest_load_program(type, name, license, instructions, count, &options)
    }

    /// Loads with a log, in a buffer that grows for as long as the kernel says that it is too small; a descriptor, or
    /// -1 and a positive errno. ENOSPC means that the log is longer than `limit`, or that the kernel had none.
    func load(into logs: inout LogBuffer, level: UInt32, limit: Int) -> (descriptor: Int32, errno: Int32) {
        while true {
            logs.clear()
            let result = load(log: logs.storage, level: level)
            if result >= 0 { return (result, 0) }
            guard result == -ENOSPC, logs.grow(limit: limit) else { return (-1, -result) }
        }
    }
}

/// Where the kernel writes its log: kept between loads, grown when it must be.
struct LogBuffer {
    /// Enough for the statistics of every program, and the whole log of most.
    private static let initialSize = 1 << 20
    private static let growth = 8

    private(set) var storage = LogBuffer.allocate(initialSize)

    /// What the kernel wrote, without the terminating zero.
    var text: [UInt8] {
        guard let base = storage.baseAddress else { return [] }
        return Array(UnsafeRawBufferPointer(start: base, count: strnlen(base, storage.count)))
    }

    func clear() {
        storage.baseAddress?.pointee = 0
    }

    /// False where it is as large as it may be.
    mutating func grow(limit: Int) -> Bool {
        // The kernel counts the terminating zero.
        let larger = min(storage.count * Self.growth, limit + 1)
        guard larger > storage.count else { return false }
        storage.deallocate()
        storage = Self.allocate(larger)
        return true
    }

    private static func allocate(_ count: Int) -> UnsafeMutableBufferPointer<CChar> {
        UnsafeMutableBufferPointer<CChar>.allocate(capacity: count)
    }
}
