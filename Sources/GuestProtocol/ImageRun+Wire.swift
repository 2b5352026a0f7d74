// SPDX-License-Identifier: Apache-2.0

extension ImageRun {
    func write(to writer: inout ByteWriter) {
        writer.write(id)
        writer.write(device)
        writer.write(fileSystem)
        // Three lists of one length: what is repeated has strings only.
        writer.write(folders.map(\.tag))
        writer.write(folders.map(\.target))
        writer.write(folders.map(\.transport.rawValue))
        writer.write(arguments)
        writer.write(environment)
    }

    init(_ reader: inout FieldReader) throws(ProtocolError) {
        let id = try reader.integer(UInt32.self)
        let device = try reader.string()
        let fileSystem = try reader.string()
        let tags = try reader.strings()
        let targets = try reader.strings()
        let transports = try reader.bytes()
        guard tags.count == targets.count, tags.count == transports.count else {
            throw .malformed(message: "imageRun", reason: "folders without tag, target or transport")
        }
        var folders: [HostFolder] = []
        for (index, value) in transports.enumerated() {
            guard let transport = HostFolder.Transport(rawValue: value) else {
                throw .malformed(message: "imageRun", reason: "transport \(value)")
            }
            folders.append(HostFolder(tag: tags[index], target: targets[index], transport: transport))
        }
        self.init(
            id: id,
            device: device,
            fileSystem: fileSystem,
            folders: folders,
            arguments: try reader.strings(),
            environment: try reader.strings()
        )
    }
}

extension ImageOutput {
    func write(to writer: inout ByteWriter) {
        writer.write(request)
        writer.write(stream.rawValue)
        writer.write(bytes)
    }

    init(_ reader: inout FieldReader) throws(ProtocolError) {
        self.init(request: try reader.integer(), stream: try reader.value(), bytes: try reader.bytes())
    }
}

extension ImageReport {
    func write(to writer: inout ByteWriter) {
        writer.write(request)
        writer.write(stage.rawValue)
        writer.write(status)
        writer.write(message)
        writer.write(taint)
    }

    init(_ reader: inout FieldReader) throws(ProtocolError) {
        self.init(
            request: try reader.integer(),
            stage: try reader.value(),
            status: try reader.integer(),
            message: try reader.string(),
            taint: try reader.integer()
        )
    }
}
