// SPDX-License-Identifier: Apache-2.0

import Foundation
import Reports
import Synchronization

/// The whole terminal for the length of a watch, which gets its own screen back afterwards (xterm's control sequences: 1049
/// for the alternate screen, 7 for lines that don't wrap, 25 for the cursor).
actor WatchScreen: RunSurface {
    private let descriptor: Int32
    private let page: WatchPage
    /// What stays, and what was drawn last.
    private var kept: [String] = []
    private var content: [String] = []
    private var state = WatchPage.State.working

    init(on descriptor: Int32, page: WatchPage) {
        self.descriptor = descriptor
        self.page = page
    }

    /// Which terminal must get its screen back if the process ends without unwinding; -1 for none.
    private static let opened = Atomic<Int32>(-1)

    func open() {
        Self.opened.store(descriptor, ordering: .relaxed)
        atexit { WatchScreen.giveBack() }
        Terminal.write("\u{1b}[?1049h\u{1b}[?7l\u{1b}[?25l", to: descriptor)
    }

    nonisolated func close() {
        Self.giveBack()
    }

    private static func giveBack() {
        let descriptor = opened.exchange(-1, ordering: .relaxed)
        if descriptor >= 0 { Terminal.write("\u{1b}[?25h\u{1b}[?7h\u{1b}[?1049l", to: descriptor) }
    }

    /// Something has changed: what is on the screen stays there until more is known.
    func begin() {
        kept = []
        state = .working
        redraw()
    }

    func keep(_ line: String) {
        kept += line.split(separator: "\n").map(String.init)
    }

    func draw(_ lines: [String]) {
        content = lines
        redraw()
    }

    func end() {}

    func finish(_ lines: [String], seconds: Double) {
        content = lines
        state = .done(seconds: seconds)
        redraw()
    }

    /// Draws over what is there, line by line, so that nothing flickers.
    func redraw() {
        let height = Terminal.size(of: descriptor).height
        let lines = page.lines(kept + content, state, height: height).map { $0 + "\u{1b}[K" }
        Terminal.write("\u{1b}[H" + lines.joined(separator: "\r\n") + "\u{1b}[J", to: descriptor)
    }
}
