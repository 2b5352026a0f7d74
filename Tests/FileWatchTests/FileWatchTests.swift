// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage
import TestKernels
import Testing

@testable import FileWatch

@Suite struct FileWatchTests {
    private struct NothingCame: Error {}

    /// The next change, which must come within a bound.
    private func next(_ watch: FileWatch) async throws -> FileChange {
        try await withThrowingTaskGroup(of: FileChange?.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                for await event in watch.events {
                    if let change = await watch.changes(event).first { return change }
                }
                return nil
            }
            group.addTask {
                try await Task.sleep(for: .seconds(20))
                return nil
            }
            guard let change = try await group.next() ?? nil else { throw NothingCame() }
            return change
        }
    }

    @Test("a file that is written and closed")
    func written() async throws {
        try await withScratchFolder { folder in
            try await FileWatch.with { watch in
                try await watch.watch(folder)
                try folder.appending("a.c").write("int a;")
                #expect(try await next(watch) == .changed(folder.appending("a.c")))
            }
        }
    }

    @Test("a file that is renamed into its place, as editors do")
    func renamed() async throws {
        try await withScratchFolder { folder in
            let outside = folder.appending("outside")
            try outside.write("int a;")
            let inside = folder.appending("inside")
            try FileManager.default.createDirectory(atPath: inside.string, withIntermediateDirectories: false)
            try await FileWatch.with { watch in
                try await watch.watch(inside)
                #expect(rename(outside.string, inside.appending("a.c").string) == 0)
                #expect(try await next(watch) == .changed(inside.appending("a.c")))
            }
        }
    }

    @Test("a file that is removed")
    func removed() async throws {
        try await withScratchFolder { folder in
            try folder.appending("a.c").write("int a;")
            try await FileWatch.with { watch in
                try await watch.watch(folder)
                #expect(unlink(folder.appending("a.c").string) == 0)
                #expect(try await next(watch) == .changed(folder.appending("a.c")))
            }
        }
    }

    @Test("a folder that is removed, and watched again once it is there again")
    func removedFolder() async throws {
        try await withScratchFolder { parent in
            let folder = parent.appending("src")
            try await FileWatch.with { watch in
                for turn in 0..<2 {
                    try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: false)
                    try await watch.watch(folder)
                    #expect(rmdir(folder.string) == 0, "turn \(turn)")
                }
                #expect(try await next(watch) == .changed(folder))
            }
        }
    }

    @Test("a link that is made, to a file elsewhere or as another name of one")
    func linked() async throws {
        try await withScratchFolder { folder in
            let outside = folder.appending("outside")
            try outside.write("int a;")
            let inside = folder.appending("inside")
            try FileManager.default.createDirectory(atPath: inside.string, withIntermediateDirectories: false)
            try await FileWatch.with { watch in
                try await watch.watch(inside)
                #expect(symlink(outside.string, inside.appending("a.c").string) == 0)
                #expect(try await next(watch) == .changed(inside.appending("a.c")))
                #expect(link(outside.string, inside.appending("b.c").string) == 0)
                #expect(try await next(watch) == .changed(inside.appending("b.c")))
            }
        }
    }

    @Test("a folder by both of its names")
    func twoNames() async throws {
        try await withScratchFolder { folder in
            let real = folder.appending("real")
            let other = folder.appending("other")
            try FileManager.default.createDirectory(atPath: real.string, withIntermediateDirectories: false)
            #expect(symlink("real", other.string) == 0)
            try await FileWatch.with { watch in
                for path in [real, other] { try await watch.watch(path) }
                try real.appending("a.c").write("int a;")
                for await event in watch.events {
                    let changes = Set(await watch.changes(event))
                    guard !changes.isEmpty else { continue }
                    #expect(changes == [.changed(real.appending("a.c")), .changed(other.appending("a.c"))])
                    break
                }
            }
        }
    }

    @Test("a folder that is moved away: the one that takes its place is watched, and the moved one no more")
    func movedFolder() async throws {
        try await withScratchFolder { parent in
            let folder = parent.appending("src")
            let old = parent.appending("old")
            try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: false)
            try await FileWatch.with { watch in
                try await watch.watch(folder)
                #expect(rename(folder.string, old.string) == 0)
                #expect(try await next(watch) == .changed(folder))
                try FileManager.default.createDirectory(atPath: folder.string, withIntermediateDirectories: false)
                try await watch.watch(folder)
                try old.appending("b.c").write("int b;")
                try folder.appending("a.c").write("int a;")
                // What comes first may be the end of the old watch.
                var change = try await next(watch)
                if change == .changed(folder) { change = try await next(watch) }
                #expect(change == .changed(folder.appending("a.c")))
            }
        }
    }

    @Test("a file that changed since, one that did not, one that is not there, and a link to another")
    func instants() async throws {
        try await withScratchFolder { folder in
            let (before, after) = (folder.appending("before"), folder.appending("after"))
            try before.write("1")
            try await Task.sleep(for: .milliseconds(50))
            let start = FileInstant.now
            try after.write("2")
            #expect(symlink("before", folder.appending("link").string) == 0)
            #expect(!start.mayPrecedeChange(of: before))
            for name in ["after", "missing", "link"] {
                #expect(start.mayPrecedeChange(of: folder.appending(name)), "\(name)")
            }
        }
    }

    @Test("a folder that is not there, and a file in a folder's place")
    func missing() async throws {
        try await withScratchFolder { folder in
            try folder.appending("a.c").write("int a;")
            try await FileWatch.with { watch in
                for path in [folder.appending("none"), folder.appending("a.c")] {
                    let error = await #expect(throws: FileWatchError.self) { try await watch.watch(path) }
                    #expect(error?.path == path.string)
                }
            }
        }
    }

    @Test("events are read as the kernel writes them, and a piece of one is not")
    func bytes() {
        func event(_ watch: UInt8, name: String) -> [UInt8] {
            let padded = name.isEmpty ? [] : Array(name.utf8) + [UInt8](repeating: 0, count: 16 - name.utf8.count)
            return [watch, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, UInt8(padded.count), 0, 0, 0] + padded
        }
        let bytes = event(1, name: "a.c") + event(2, name: "")
        let events = [
            InotifyEvent(watch: 1, mask: 8, name: "a.c"), InotifyEvent(watch: 2, mask: 8, name: ""),
        ]
        #expect(InotifyEvent.events(in: bytes) == events)
        #expect(InotifyEvent.events(in: []) == [])
        for cut in 1..<16 { #expect(InotifyEvent.events(in: Array(bytes.dropLast(cut))) == [events[0]]) }
        #expect(InotifyEvent.events(in: [1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255]) == [])
    }
}
