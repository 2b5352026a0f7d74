// SPDX-License-Identifier: Apache-2.0

import Foundation

/// What `/proc/kallsyms` says: functions, and raw tracepoints, which are known by a symbol for each.
struct SymbolList {
    struct Function {
        /// How many there are of the name in the kernel's own text.
        var count = 0
        var module: String?
        /// Of the first of them; 0 where the kernel hides addresses.
        var address: UInt64 = 0
    }

    private(set) var functions: [String: Function] = [:]
    /// From `__bpf_trace_tp_map_NAME` (include/trace/bpf_probe.h); empty where kallsyms lists functions only.
    private(set) var rawTracepoints: Set<String> = []

    private static let rawTracepoint = "__bpf_trace_tp_map_"
    /// Symbols of what stands before a function, into which no probe is let (`is_cfi_preamble_symbol` in kernel/kprobes.c).
    private static let preambles = ["__pfx_", "__cfi_"]
    /// What looks like a module and is none: code that was made while the kernel ran, the agent's own programs among it.
    private static let madeWhileRunning: Set<String> = [
        "bpf", "ftrace", "kprobes", "__builtin__ftrace", "__builtin__kprobes",
    ]

    init(_ kallsyms: [UInt8]) {
        var core: [(address: UInt64, name: String)] = []
        var text = UInt64.min...UInt64.max
        var bounds: [String: UInt64] = [:]
        KernelText.eachLine(of: kallsyms) { line in
            guard let symbol = Symbol(line) else { return }
            if symbol.module == nil, symbol.name.hasPrefix(Self.rawTracepoint) {
                rawTracepoints.insert(String(symbol.name.dropFirst(Self.rawTracepoint.count)))
            }
            if symbol.name == "_stext" || symbol.name == "_etext" { bounds[symbol.name] = symbol.address }
            guard symbol.isText, !Self.preambles.contains(where: symbol.name.hasPrefix) else { return }
            if let module = symbol.module {
                guard !Self.madeWhileRunning.contains(module) else { return }
                functions[symbol.name] = functions[symbol.name] ?? Function(module: module, address: symbol.address)
            } else {
                core.append((symbol.address, symbol.name))
            }
        }
        // What is outside is data that the linker put among code, or was freed after the start. Without addresses, which a
        // kernel may hide, nothing is known of that.
        if let first = bounds["_stext"], let end = bounds["_etext"], first < end { text = first...(end - 1) }
        for (address, name) in core where text.contains(address) {
            var function = functions[name] ?? Function()
            if function.count == 0 { function.address = address }
            function.count += 1
            // Of a name that both have, the kernel's own is meant.
            function.module = nil
            functions[name] = function
        }
    }

    /// A line: `ffffffffc0002f20 t vring_del_virtqueue<tab>[virtio_ring]`.
    private struct Symbol {
        let address: UInt64
        let isText: Bool
        let name: String
        let module: String?

        /// nil where it is no such line.
        init?(_ line: UnsafeRawBufferPointer) {
            guard let space = KernelText.position(of: UInt8(ascii: " "), in: line), space <= 16,
                line.count > space + 3, line[space + 2] == UInt8(ascii: " ")
            else { return nil }
            guard let address = UInt64(String(decoding: line[..<space], as: UTF8.self), radix: 16) else { return nil }
            self.address = address
            isText = "tTwW".utf8.contains(line[space + 1])
            let rest = space + 3
            let tab = KernelText.position(of: UInt8(ascii: "\t"), in: line, from: rest)
            name = String(decoding: line[rest..<(tab ?? line.count)], as: UTF8.self)
            module = tab.map {
                String(decoding: line[($0 + 1)...], as: UTF8.self).trimmingCharacters(
                    in: CharacterSet(charactersIn: "[]")
                )
            }
        }
    }
}
