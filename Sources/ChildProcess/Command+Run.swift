// SPDX-License-Identifier: Apache-2.0

import Subprocess
import SystemPackage

extension Command {
    /// Most that is kept of what a program says about its own failure.
    private static let errorLimit = 1 << 20

    /// Runs the program to its end and keeps what it wrote, up to `outputLimit` bytes.
    public func run(within limit: Duration, outputLimit: Int = 64 << 20) async throws -> CommandResult {
        let configuration = try configuration()
        return try await bounded(by: limit, outputLimit: outputLimit, ending: \.ending) {
            let result = try await Subprocess.run(
                configuration,
                output: .bytes(limit: outputLimit),
                error: .string(limit: Self.errorLimit)
            )
            return CommandResult(
                ending: Ending(result.terminationStatus),
                output: result.standardOutput,
                errorText: result.standardError
            )
        }
    }

    /// Runs the program with a file as its input and another, created or emptied, as its output.
    public func run(from input: FilePath?, to output: FilePath, within limit: Duration) async throws -> CommandResult {
        let configuration = try configuration()
        return try await bounded(by: limit, outputLimit: Self.errorLimit, ending: \.ending) {
            let source = try FileDescriptor.open(input ?? "/dev/null", .readOnly)
            defer { try? source.close() }
            let sink = try FileDescriptor.open(
                output,
                .writeOnly,
                options: [.create, .truncate],
                permissions: .ownerReadWrite
            )
            defer { try? sink.close() }
            let result = try await Subprocess.run(
                configuration,
                input: .fileDescriptor(source, closeAfterSpawningProcess: false),
                output: .fileDescriptor(sink, closeAfterSpawningProcess: false),
                error: .string(limit: Self.errorLimit)
            )
            return CommandResult(
                ending: Ending(result.terminationStatus),
                output: [],
                errorText: result.standardError
            )
        }
    }

    /// Runs the program and hands over each line that it writes, errors among them, as it comes.
    public func run(within limit: Duration, line: @escaping @Sendable (String) -> Void) async throws -> Ending {
        let configuration = try configuration()
        return try await bounded(by: limit, outputLimit: Self.errorLimit, ending: \.self) {
            let result = try await Subprocess.run(
                configuration,
                input: .none,
                output: .sequence,
                error: .combinedWithOutput
            ) { execution in
                for try await text in execution.standardOutput.strings() { line(text) }
            }
            return Ending(result.terminationStatus)
        }
    }

    /// The body's result, unless `limit` comes first: then the body is cancelled, and the child with it. A child that has ended
    /// by itself meanwhile, which nobody had come to see on a busy machine, has its result all the same.
    private func bounded<Result: Sendable>(
        by limit: Duration,
        outputLimit: Int,
        ending: @escaping @Sendable (Result) -> Ending,
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        do {
            return try await withThrowingTaskGroup(of: Result?.self) { group in
                defer { group.cancelAll() }
                group.addTask { try await body() }
                group.addTask {
                    try await Task.sleep(for: limit)
                    return nil
                }
                guard let first = try await group.next() else { throw CancellationError() }
                if let result = first { return result }
                group.cancelAll()
                let late = try? await group.next()
                guard let result = late ?? nil, ending(result).isExit else {
                    try Task.checkCancellation()
                    throw CommandError.timedOut(command: text, limit: limit)
                }
                return result
            }
        } catch let error as SubprocessError {
            try Task.checkCancellation()
            if error.code == .outputLimitExceeded {
                throw CommandError.tooMuchOutput(command: text, limit: outputLimit)
            }
            throw CommandError.notStarted(command: text, reason: "\(error)")
        }
    }
}

extension Ending {
    init(_ status: TerminationStatus) {
        switch status {
        case .exited(let code): self = .exited(Int(code))
        case .signaled(let signal): self = .signalled(Int(signal))
        }
    }
}
