// SPDX-License-Identifier: Apache-2.0

import Foundation
import Reports
import Results
import SystemPackage

/// Where results go as JSON; known to be writable before anything is done for them.
struct ResultsFile {
    private let path: FilePath
    var isStandardOutput: Bool { path.string == "-" }

    struct Unwritable: Error, CustomStringConvertible {
        let path: FilePath
        let reason: String
        var description: String { "cannot write the results to \(path): \(reason)" }
    }

    init(_ name: String) throws(Unwritable) {
        path = FilePath(name)
        guard !isStandardOutput else { return }
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: name, isDirectory: &isFolder), isFolder.boolValue {
            throw Unwritable(path: path, reason: "it is a folder")
        }
        let parent = path.removingLastComponent()
        let folder = parent.isEmpty ? FilePath(".") : parent
        guard FileManager.default.isWritableFile(atPath: folder.string) else {
            throw Unwritable(path: path, reason: "\(folder) is no folder that can be written to")
        }
    }

    func write(_ results: MatrixResults) throws { try write(try JSONReport.data(results)) }

    func write(_ data: Data) throws {
        guard !isStandardOutput else { return Terminal.standardOutput(String(decoding: data, as: UTF8.self)) }
        do {
            try data.write(to: URL(filePath: path.string), options: .atomic)
        } catch {
            throw Unwritable(path: path, reason: error.localizedDescription)
        }
    }
}
