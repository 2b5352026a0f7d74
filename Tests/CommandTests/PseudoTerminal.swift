// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage
import TestKernels

/// A terminal without a screen (pty(7)): a program on one side, a test on the other.
struct PseudoTerminal: Sendable {
    /// What the program gets as its standard input and output.
    let programSide: FileHandle
    private let testSide: FileHandle

    init() throws {
        var controller: CInt = -1
        var program: CInt = -1
        var size = winsize(ws_row: 24, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0)
        guard openpty(&controller, &program, nil, nil, &size) == 0 else { throw Errno(rawValue: errno) }
        testSide = FileHandle(fileDescriptor: controller, closeOnDealloc: true)
        programSide = FileHandle(fileDescriptor: program, closeOnDealloc: true)
    }

    func press(_ key: String) {
        testSide.write(Data(key.utf8))
    }

    /// Whether lines are edited before a program gets them, as usual.
    var isLineBuffered: Bool {
        var settings = termios()
        return tcgetattr(programSide.fileDescriptor, &settings) == 0 && settings.c_lflag & tcflag_t(ICANON) != 0
    }

    /// Writes what the program writes to a file, for as long as `body` takes.
    func recording(to file: FilePath, _ body: () async throws -> Void) async throws {
        guard let record = FileHandle(forWritingAtPath: file.string) else { throw Errno.noSuchFileOrDirectory }
        testSide.readabilityHandler = { side in record.write(side.availableData) }
        defer { testSide.readabilityHandler = nil }
        try await body()
    }
}
