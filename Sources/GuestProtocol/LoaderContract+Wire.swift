// SPDX-License-Identifier: Apache-2.0

import LoaderContract

extension LoaderContract {
    private enum Kind: UInt8 {
        case maxEntries = 1
        case innerMap = 2
        case anyTarget = 3
        case valueSize = 4
        case innerMaxEntries = 5
    }

    func write(to writer: inout ByteWriter) {
        writer.write(UInt32(settings.count))
        for setting in settings {
            switch setting {
            case .maxEntries(let map, let count):
                writer.write(Kind.maxEntries.rawValue)
                writer.write(map)
                writer.write(count)
            case .valueSize(let map, let bytes):
                writer.write(Kind.valueSize.rawValue)
                writer.write(map)
                writer.write(bytes)
            case .innerMaxEntries(let map, let count):
                writer.write(Kind.innerMaxEntries.rawValue)
                writer.write(map)
                writer.write(count)
            case .innerMap(let map, let inner):
                writer.write(Kind.innerMap.rawValue)
                writer.write(map)
                writer.write(inner.type)
                writer.write(inner.keySize)
                writer.write(inner.valueSize)
                writer.write(inner.maxEntries)
            case .anyTarget(let program):
                writer.write(Kind.anyTarget.rawValue)
                writer.write(program)
            }
        }
    }

    init(_ reader: inout FieldReader) throws(ProtocolError) {
        let count = try reader.integer(UInt32.self)
        // Each takes five bytes at least: the list ends with the message, whatever its count says.
        var settings: [LoaderSetting] = []
        for _ in 0..<count { settings.append(try Self.setting(&reader)) }
        self.init(settings)
    }

    private static func setting(_ reader: inout FieldReader) throws(ProtocolError) -> LoaderSetting {
        switch try reader.value(Kind.self) {
        case .maxEntries: return .maxEntries(map: try reader.string(), try reader.integer())
        case .valueSize: return .valueSize(map: try reader.string(), try reader.integer())
        case .innerMaxEntries: return .innerMaxEntries(map: try reader.string(), try reader.integer())
        case .innerMap:
            let map = try reader.string()
            let inner = InnerMap(
                type: try reader.integer(),
                keySize: try reader.integer(),
                valueSize: try reader.integer(),
                maxEntries: try reader.integer()
            )
            return .innerMap(map: map, inner)
        case .anyTarget: return .anyTarget(program: try reader.string())
        }
    }
}
