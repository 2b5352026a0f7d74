// SPDX-License-Identifier: Apache-2.0

import Foundation

extension Command {
    /// Runs the program to its end, also in a task that has been cancelled, and holds the thread meanwhile: for what must
    /// be undone whatever happened. What it prints is dropped.
    ///
    /// - Parameter limit: whole seconds, after which timeout(1) kills it.
    /// - Returns: whether it ended with exit status 0.
    @discardableResult
    public func undo(within limit: Int) -> Bool {
        guard let program = Self.find(name), let setpriv = Self.find("setpriv"), let timeout = Self.find("timeout")
        else { return false }
        let process = Process()
        process.executableURL = URL(filePath: setpriv.string)
        process.arguments =
            ["--pdeathsig", "KILL", timeout.string, "--signal=KILL", "\(limit)", program.string] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(additions) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationReason == .exit && process.terminationStatus == 0
    }
}
