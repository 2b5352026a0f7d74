// SPDX-License-Identifier: Apache-2.0

import ChildProcess
import Foundation
import VirtualMachine

/// The floor: QEMU itself, told over its own console to take up a template, and asked until its guest runs. No agent
/// answers, nothing listens, and no folder is made.
struct BareRestore {
    let configuration: MachineConfiguration
    let template: Template

    struct Failure: Error, CustomStringConvertible {
        var description: String { "QEMU ended before the template ran" }
    }

    /// From QEMU's start to a guest that runs.
    func seconds() throws -> Double {
        let process = Process()
        guard let qemu = Command.find(configuration.qemu) else { throw CommandError.notFound(name: configuration.qemu) }
        process.executableURL = URL(filePath: qemu.string)
        process.arguments = configuration.bareRestoreArguments(template)
        let input = Pipe()
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        let begin = ContinuousClock.now
        try process.run()
        defer {
            process.terminate()
            process.waitUntilExit()
        }
        func say(_ line: String) { input.fileHandleForWriting.write(Data("\(line)\n".utf8)) }
        say("migrate_set_capability x-ignore-shared on")
        say("migrate_incoming \"exec:cat \(template.state)\"")
        var heard = ""
        while !heard.contains("VM status: running") {
            say("info status")
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { throw Failure() }
            heard += String(decoding: data, as: UTF8.self)
        }
        return (ContinuousClock.now - begin) / .seconds(1)
    }
}
