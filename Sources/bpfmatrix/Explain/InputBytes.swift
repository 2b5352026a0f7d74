// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A file that the user named, or what comes in; read whole.
struct InputBytes {
    /// The file's name as people are told it.
    let name: String
    let bytes: [UInt8]
    /// When the file was last written; nil for standard input.
    let written: Date?

    /// More is no log and no result: the longest log that is asked for has 64 MiB.
    private static let limit = 1 << 30

    enum Unreadable: Error, CustomStringConvertible {
        case unreadable(name: String, reason: String)
        case tooLong(name: String)
        case empty(name: String)

        var description: String {
            switch self {
            case .unreadable(let name, let reason): "cannot read \(name): \(reason)"
            case .tooLong(let name):
                "\(name) is longer than \(InputBytes.limit >> 20) MiB: that is no log of one program"
            case .empty(let name): "\(name) is empty: there is nothing to explain"
            }
        }
    }

    /// - Parameter path: `-` is standard input.
    init(_ path: String) throws(Unreadable) {
        name = path == "-" ? "standard input" : path
        written =
            path == "-"
            ? nil : (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
        let data: Data?
        do {
            let handle = path == "-" ? FileHandle.standardInput : try FileHandle(forReadingFrom: URL(filePath: path))
            data = try handle.read(upToCount: Self.limit + 1)
        } catch {
            throw .unreadable(name: name, reason: Self.reason(error))
        }
        bytes = data.map { [UInt8]($0) } ?? []
        if bytes.count > Self.limit { throw .tooLong(name: name) }
        if bytes.isEmpty { throw .empty(name: name) }
    }

    private static func reason(_ error: any Error) -> String {
        let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        guard
            let code = underlying?.code
                ?? ((error as NSError).domain == NSPOSIXErrorDomain ? (error as NSError).code : nil)
        else { return error.localizedDescription }
        return String(cString: strerror(Int32(code)))
    }
}
