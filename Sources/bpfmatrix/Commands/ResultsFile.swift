// SPDX-License-Identifier: Apache-2.0

import Foundation
import Reports
import Results
import SystemPackage

/// Where results go as JSON; known to be writable before anything is done for them.
struct ResultsFile {
    private let name: String
    private let place: Place

    private enum Place {
        case standardOutput
        /// Written to as it is: a pipe, a device, or what the caller has opened under a number.
        case open(Descriptor)
        /// Replaced as a whole.
        case file(FilePath)
    }

    /// How long a named pipe is held out to its reader.
    private static let patience = Duration.seconds(10)
    private static let interval = Duration.milliseconds(20)

    struct Unwritable: Error, CustomStringConvertible {
        let name: String
        let reason: String
        var description: String { "cannot write the results to \(name): \(reason)" }
    }

    /// - Parameter name: a path, or `-` for standard output.
    init(_ name: String) async throws {
        self.name = name
        place = try await Self.place(name)
    }

    /// Whatever is for people goes elsewhere then.
    var isStandardOutput: Bool {
        guard case .standardOutput = place else { return false }
        return true
    }

    /// Writes the results. Where that fails, it says so.
    ///
    /// - Parameter status: the command's exit status without that.
    /// - Returns: the exit status with it.
    @discardableResult
    func write(_ data: Data, status: Int) -> Int {
        do throws(Unwritable) {
            try write(data)
            return status
        } catch {
            Terminal.standardError("bpfmatrix: \(error)\n")
            return ExitStatus.afterLosingOutput(status)
        }
    }

    private func write(_ data: Data) throws(Unwritable) {
        switch place {
        case .standardOutput: Terminal.write(data, to: STDOUT_FILENO)
        case .open(let descriptor):
            do throws(WriteFailure) {
                try descriptor.write(data)
            } catch {
                // A reader that goes away has had enough.
                guard error.errno != EPIPE else { return }
                throw Unwritable(name: name, reason: "\(error)")
            }
        case .file(let path):
            do {
                try data.write(to: URL(filePath: path.string), options: .atomic)
            } catch {
                throw Unwritable(name: name, reason: error.localizedDescription)
            }
        }
    }

    // MARK: What a name stands for

    private static func place(_ name: String) async throws -> Place {
        if name == "-" { return .standardOutput }
        if let number = descriptor(name) {
            if number == STDOUT_FILENO { return .standardOutput }
            switch Descriptor(number).isInheritedForWriting {
            case nil: throw Unwritable(name: name, reason: "no file is open under the number \(number)")
            case false: throw Unwritable(name: name, reason: "it is open for reading only")
            case true: return .open(Descriptor(number))
            }
        }
        var status = stat()
        guard stat(name, &status) == 0 else {
            // A link that leads nowhere yet leads to the file that will be.
            return .file(try writable(FilePath(name), in: parent(of: name), called: name))
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: throw Unwritable(name: name, reason: "it is a folder")
        case S_IFREG:
            // Where it is a link, the file that it leads to is replaced and not the link.
            let path = realpath(name, nil).map { pointer in
                defer { free(pointer) }
                return FilePath(String(cString: pointer))
            }
            return .file(try writable(path ?? FilePath(name), in: parent(of: path?.string ?? name), called: name))
        case S_IFIFO: return .open(try await pipe(name))
        default:
            if Descriptor(STDOUT_FILENO).identity == FileIdentity(status) { return .standardOutput }
            let number = open(name, O_WRONLY | O_CLOEXEC | O_NOCTTY)
            guard number >= 0 else { throw Unwritable(name: name, reason: "\(WriteFailure(errno: errno))") }
            return .open(Descriptor(number))
        }
    }

    /// The number of a descriptor that is already open (`/dev/fd/63`, as a shell's `>(…)` has it); nil where the name is no such one.
    private static func descriptor(_ name: String) -> Int32? {
        let known = ["/dev/stdout": STDOUT_FILENO, "/dev/stderr": STDERR_FILENO]
        if let number = known[name] { return number }
        for folder in ["/dev/fd/", "/proc/self/fd/"] where name.hasPrefix(folder) {
            return Int32(name.dropFirst(folder.count))
        }
        return nil
    }

    /// Opens a named pipe once somebody reads from it, without which opening it would wait for ever.
    private static func pipe(_ name: String) async throws -> Descriptor {
        let deadline = ContinuousClock.now + patience
        while true {
            let number = open(name, O_WRONLY | O_CLOEXEC | O_NONBLOCK)
            if number >= 0 {
                _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) & ~O_NONBLOCK)
                return Descriptor(number)
            }
            guard errno == ENXIO else { throw Unwritable(name: name, reason: "\(WriteFailure(errno: errno))") }
            guard ContinuousClock.now < deadline else {
                throw Unwritable(name: name, reason: "nobody reads from this pipe (waited \(patience / .seconds(1)) s)")
            }
            try await Task.sleep(for: interval)
        }
    }

    private static func parent(of path: String) -> FilePath {
        let parent = FilePath(path).removingLastComponent()
        return parent.isEmpty ? FilePath(".") : parent
    }

    private static func writable(
        _ path: FilePath,
        in folder: FilePath,
        called name: String
    ) throws(Unwritable) -> FilePath {
        guard FileManager.default.isWritableFile(atPath: folder.string) else {
            throw Unwritable(name: name, reason: "\(folder) is no folder that can be written to")
        }
        return path
    }
}
