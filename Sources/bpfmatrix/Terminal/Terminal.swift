// SPDX-License-Identifier: Apache-2.0

import Foundation
import Reports

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

    /// What can't be written, because nobody reads any more, is not worth an error.
    static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else {
                if count < 0 && errno == EINTR { continue }
                return
            }
            bytes = bytes.dropFirst(count)
        }
    }
}
