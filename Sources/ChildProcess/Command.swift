// SPDX-License-Identifier: Apache-2.0

import Foundation
import Subprocess
import SystemPackage

/// A program to run, with its arguments: every child process of this project starts here.
///
/// It is killed when the task that runs it is cancelled, when its time is up, and when this process dies.
public struct Command: Sendable, Hashable {
    /// A name to look up (`find`), or a path.
    public var name: String
    public var arguments: [String]
    /// Added to the inherited environment, whose PATH gets the folders of system programs as well.
    public var environment: [String: String]
    public var workingDirectory: FilePath?

    public init(
        _ name: String,
        _ arguments: [String] = [],
        environment: [String: String] = [:],
        workingDirectory: FilePath? = nil
    ) {
        self.name = name
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
    }

    /// As one would type it, for messages.
    public var text: String { ([name] + arguments).joined(separator: " ") }
}

/// How a program ended.
public enum Ending: Sendable, Hashable, CustomStringConvertible {
    case exited(Int)
    case signalled(Int)

    public var isSuccess: Bool { self == .exited(0) }

    /// By itself, whatever its status, and not by a signal.
    public var isExit: Bool {
        if case .exited = self { true } else { false }
    }

    public var description: String {
        switch self {
        case .exited(let status): "exit status \(status)"
        case .signalled(let signal): "signal \(signal)"
        }
    }
}

/// What a program left behind.
public struct CommandResult: Sendable, Hashable {
    public let ending: Ending
    public let output: [UInt8]
    /// Standard error, as text.
    public let errorText: String

    public var outputText: String { String(decoding: output, as: UTF8.self) }
}

/// Why a program did not run to its end.
public enum CommandError: Error, Hashable, CustomStringConvertible {
    case notFound(name: String)
    case notStarted(command: String, reason: String)
    case timedOut(command: String, limit: Duration)
    case tooMuchOutput(command: String, limit: Int)

    public var description: String {
        switch self {
        case .notFound(let name): "\(name) is not installed (`bpfmatrix doctor` says which package has it)"
        case .notStarted(let command, let reason): "cannot run `\(command)`: \(reason)"
        case .timedOut(let command, let limit): "`\(command)` did not end within \(limit) and was killed"
        case .tooMuchOutput(let command, let limit): "`\(command)` wrote more than \(limit) bytes"
        }
    }
}

extension Command {
    /// Killing it outright is all that any of these programs need, and all that an emulator understands in time.
    private static let teardown: [TeardownStep] = [
        .send(signal: .kill, allowedDurationToNextStep: .seconds(1))
    ]

    /// What is handed to the operating system: the program behind `setpriv`, so that the kernel kills it if this
    /// process dies. The signal belongs to the thread that started the child, not to the process; the library starts
    /// all children from one thread that lives as long as the process.
    func configuration() throws(CommandError) -> Configuration {
        guard let program = Self.find(name) else { throw .notFound(name: name) }
        guard let setpriv = Self.find("setpriv") else { throw .notFound(name: "setpriv") }
        var options = PlatformOptions()
        options.teardownSequence = Self.teardown
        let additions = Dictionary(
            uniqueKeysWithValues: additions.map { (Environment.Key(stringLiteral: $0.key), Optional($0.value)) }
        )
        return Configuration(
            executable: .path(setpriv),
            arguments: Arguments(["--pdeathsig", "KILL", program.string] + arguments),
            environment: .inherit.updating(additions),
            workingDirectory: workingDirectory,
            platformOptions: options
        )
    }
}
