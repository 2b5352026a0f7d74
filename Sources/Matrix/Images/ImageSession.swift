// SPDX-License-Identifier: Apache-2.0

import Foundation
import GuestProtocol
import VirtualMachine

/// One guest in which an image's script goes through objects; knows nothing of what is made of its words.
struct ImageSession: Sendable {
    let machine: RunningMachine
    /// For each object, and for what comes before the first one.
    let limit: Duration
    let release: String

    /// Most that is kept of what the script complains of.
    private static let complaintLimit = 16 << 10

    /// Runs the script to its end.
    ///
    /// - Parameters:
    ///   - objects: names of files, in the order in which they are to be loaded.
    ///   - hear: each line, as it comes.
    /// - Returns: the kernel's taint flags afterwards.
    func run(
        _ image: ImageUnderTest,
        _ folders: [HostFolder],
        objects: [String],
        hear: @Sendable (ImageLine) async throws -> Void
    ) async throws -> UInt64 {
        guard machine.ready.release == release else {
            throw CanaryFailure(reason: "it runs \(machine.ready.release), not \(release)")
        }
        let run = ImageRun(
            id: 1,
            device: GuestDisk.device,
            fileSystem: "ext4",
            folders: folders,
            arguments: [image.script, image.objectTarget] + objects,
            environment: [
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C",
            ]
        )
        try await machine.link.send(.imageRun(run))
        var lines = LineSplitter()
        var deadline = LineDeadline(limit)
        var complaints: [UInt8] = []
        while true {
            let what = "the image's script"
            switch try await machine.link.next(within: try deadline.remaining(waitingFor: what), waitingFor: what) {
            case .imageOutput(let said) where said.request == run.id && said.stream == .errors:
                try deadline.take(said.bytes.count)
                complaints = (complaints + said.bytes).suffix(Self.complaintLimit)
            case .imageOutput(let said) where said.request == run.id:
                try deadline.take(said.bytes.count)
                for line in try lines.add(said.bytes) {
                    try await hear(ImageLine(line))
                    deadline.lineCame()
                }
            case .imageReport(let report) where report.request == run.id:
                try judge(report, complaints: String(decoding: complaints, as: UTF8.self), of: image)
                return report.taint
            case let other: throw MachineFailure(.outOfTurn("\(other)"))
            }
        }
    }

    private func judge(_ report: ImageReport, complaints: String, of image: ImageUnderTest) throws {
        switch (report.stage, report.status) {
        case (.ended, 0): return
        case (.ended, let status): throw ImageFailure.script(image.script, status: status, complaints: complaints)
        case (.notPrepared, let errno): throw ImageFailure.notPrepared(report.message, errno: errno)
        case (.notStarted, let errno): throw ImageFailure.notStarted(report.message, errno: errno)
        }
    }
}

/// Why an image has nothing to say.
enum ImageFailure: Error, CustomStringConvertible {
    case notPrepared(String, errno: Int32)
    case notStarted(String, errno: Int32)
    case script(String, status: Int32, complaints: String)

    var description: String {
        switch self {
        case .notPrepared(let doing, let errno):
            "the guest can't use the image: it could not \(doing): \(String(cString: strerror(errno)))"
        case .notStarted(let doing, let errno):
            "the image's script could not be started: \(doing): \(String(cString: strerror(errno))). An image needs one: "
                + "the project's images.json has it"
        case .script(let script, let status, let complaints):
            "the image's \(script) failed (\(status < 0 ? "signal \(-status)" : "exit status \(status)"))"
                + (complaints.isEmpty ? "" : ": \(complaints)")
        }
    }
}
