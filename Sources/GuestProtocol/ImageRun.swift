// SPDX-License-Identifier: Apache-2.0

/// Run a program of an image's in the image: the guest's disk is mounted, folders of the host's are mounted in it, and the
/// program sees it as its root.
public struct ImageRun: Sendable, Hashable {
    public var id: UInt32
    /// `/dev/vda`
    public var device: String
    /// As mount(2) calls it: `ext4`.
    public var fileSystem: String
    public var folders: [HostFolder]
    /// The program's path in the image, and its arguments.
    public var arguments: [String]
    /// `NAME=value`; the program has no other environment.
    public var environment: [String]

    public init(
        id: UInt32,
        device: String,
        fileSystem: String,
        folders: [HostFolder],
        arguments: [String],
        environment: [String]
    ) {
        self.id = id
        self.device = device
        self.fileSystem = fileSystem
        self.folders = folders
        self.arguments = arguments
        self.environment = environment
    }
}

/// A folder of the host's, as the guest finds it among its devices.
public struct HostFolder: Sendable, Hashable {
    /// By what it is handed in.
    public enum Transport: UInt8, Sendable, CaseIterable {
        case virtiofs = 1
        case plan9 = 2
    }

    /// The device's own name for it.
    public var tag: String
    /// Where it is mounted in the image, read-only; made where it is not there.
    public var target: String
    public var transport: Transport

    public init(tag: String, target: String, transport: Transport) {
        self.tag = tag
        self.target = target
        self.transport = transport
    }
}

/// What the program wrote, piece by piece, as it comes.
public struct ImageOutput: Sendable, Hashable {
    public enum Stream: UInt8, Sendable, CaseIterable {
        case output = 1
        case errors = 2
    }

    public var request: UInt32
    public var stream: Stream
    public var bytes: [UInt8]

    public init(request: UInt32, stream: Stream, bytes: [UInt8]) {
        self.request = request
        self.stream = stream
        self.bytes = bytes
    }
}

/// How it ended; the last message about a request.
public struct ImageReport: Sendable, Hashable {
    public enum Stage: UInt8, Sendable, CaseIterable {
        /// The program has run.
        case ended = 1
        /// A module could not be loaded, or something not be mounted.
        case notPrepared = 2
        /// The image has no such program, or one that can't be run.
        case notStarted = 3
    }

    public var request: UInt32
    public var stage: Stage
    /// The program's exit status, negative where a signal ended it; where it has not run, a positive errno.
    public var status: Int32
    /// What was being done when it failed.
    public var message: String
    /// As in `ObjectReport`.
    public var taint: UInt64

    public init(request: UInt32, stage: Stage, status: Int32, message: String, taint: UInt64) {
        self.request = request
        self.stage = stage
        self.status = status
        self.message = message
        self.taint = taint
    }
}
