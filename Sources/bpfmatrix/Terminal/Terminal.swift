// SPDX-License-Identifier: Apache-2.0

import Foundation
import Reports
import Synchronization

/// What standard output and standard error are connected to.
enum Terminal {
    /// Lines of more columns are hard to read.
    private static let widestText = 100

    struct Size {
        let width: Int
        let height: Int
    }

    /// Signs and colours as the user's terminal and wishes allow (no-color.org).
    static func style(
        of descriptor: Int32 = STDOUT_FILENO,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> TextStyle {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        // Only a locale that names another character set is taken at its word: CI sets none and shows UTF-8.
        let names = locale.split(separator: ".").dropFirst().first.map { $0.lowercased() }
        let isUnicode = names.map { $0.hasPrefix("utf-8") || $0.hasPrefix("utf8") } ?? true
        let refusesColour = !(environment["NO_COLOR"] ?? "").isEmpty
        let isTerminal = isTerminal(descriptor)
        return TextStyle(
            isUnicode: isUnicode,
            isColoured: isTerminal && !refusesColour,
            width: isTerminal ? min(size(of: descriptor).width, widestText) : nil
        )
    }

    /// Something that lines can be redrawn on.
    static func isTerminal(
        _ descriptor: Int32,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> Bool {
        isatty(descriptor) == 1 && environment["TERM"] != "dumb"
    }

    static func size(of descriptor: Int32) -> Size {
        var window = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &window) == 0, window.ws_col > 0, window.ws_row > 0 else {
            return Size(width: 80, height: 24)
        }
        return Size(width: Int(window.ws_col), height: Int(window.ws_row))
    }

    static func standardOutput(_ text: String) { write(text, to: STDOUT_FILENO) }
    static func standardError(_ text: String) { write(text, to: STDERR_FILENO) }

    /// Writes all of it. That it can't be written is no reason to stop the work; `outputFailure` keeps it for the command's end.
    static func write(_ text: String, to descriptor: Int32) { write(Array(text.utf8), to: descriptor) }

    static func write(_ bytes: some ContiguousBytes, to descriptor: Int32) {
        do throws(WriteFailure) {
            try Descriptor(descriptor).write(bytes)
        } catch {
            // A reader that goes away has had enough.
            guard descriptor == STDOUT_FILENO, error.errno != EPIPE else { return }
            firstFailure.withLock { $0 = $0 ?? error }
        }
    }

    /// Why something that was meant for standard output is not there; nil where all of it is, or where its reader has gone.
    static var outputFailure: WriteFailure? { firstFailure.withLock { $0 } }

    /// Locked because the display writes beside the command.
    private static let firstFailure = Mutex<WriteFailure?>(nil)
}
