// SPDX-License-Identifier: Apache-2.0

import ELF
import Foundation
import GuestProtocol
import KernelProfile
import TestObjects
import TestProfiles

/// What fuzzers begin with: well-formed inputs that have a case of everything, made from sources in `Fuzz/seeds`.
struct Seeds {
    /// One folder in it for each target.
    let folder: URL

    private static let sources = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "seeds")

    func write() throws {
        for source in try files(ending: "c") {
            let code = try String(contentsOf: source, encoding: .utf8)
            for target in Target.allCases {
                let bytes = try CompiledObject.bytes(code, target)
                let name = "\(source.deletingPathExtension().lastPathComponent)-\(target.rawValue)"
                try write(bytes, name, to: .object)
                try write(bytes, name, to: .core)
                try write(bytes, name, to: .check)
                let file = try ELFFile(bytes)
                if let types = file.section(named: ".BTF") {
                    try write(Array(file.contents(of: types)), name, to: .btf)
                }
            }
        }
        for log in try files(ending: "log") {
            let bytes = Array(try Data(contentsOf: log))
            try write(bytes, log.lastPathComponent, to: .log)
            try write(bytes, log.lastPathComponent, to: .output)
        }
        for output in try files(ending: "out") {
            try write(Array(try Data(contentsOf: output)), output.lastPathComponent, to: .output)
        }
        try write(KernelAccount.madeUp.asFuzzed, "made-up", to: .account)
        for (number, message) in Self.messages.enumerated() {
            let frame = message.frame
            let kind = [UInt8(truncatingIfNeeded: frame.kind), UInt8(truncatingIfNeeded: frame.kind >> 8)]
            try write(frame.encoded(), "stream-\(number)", to: .guest)
            try write(kind + frame.payload, "message-\(number)", to: .guest)
        }
        try write(try KernelProfile(.madeUp, configuration: nil).encoded(), "made-up", to: .profile)
    }

    /// A few that have lists, texts and flags.
    private static let messages: [GuestMessage] = [
        .ready(Ready(release: "6.9.0", libbpfVersion: "v1.7", clockSource: "tsc", seconds: 7)),
        .started(ProgramStarted(request: 1, program: "p")),
        .complaint("no"),
        .warm(WarmReport(btfErrno: 2)),
        .module(ModuleReport(request: 3, errno: 0)),
    ]

    private func files(ending: String) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(at: Self.sources, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == ending }
            .sorted { $0.path() < $1.path() }
    }

    private func write(_ bytes: [UInt8], _ name: String, to target: FuzzTarget) throws {
        let place = folder.appending(path: target.rawValue)
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
        try Data(bytes).write(to: place.appending(path: name))
    }
}
