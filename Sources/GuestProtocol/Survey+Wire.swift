// SPDX-License-Identifier: Apache-2.0

extension SurveyPart {
    func write(to writer: inout ByteWriter) {
        writer.write(subject.rawValue)
        writer.write(bytes)
    }

    init(_ reader: inout FieldReader) throws(ProtocolError) {
        subject = try reader.value()
        bytes = try reader.bytes()
    }
}

extension TypeReport {
    func write(to writer: inout ByteWriter) {
        writer.write(subject.rawValue)
        writer.write(present)
        writer.write(absent)
        writer.write(notProbed)
    }

    init(_ reader: inout FieldReader) throws(ProtocolError) {
        subject = try reader.value()
        present = try reader.integers()
        absent = try reader.integers()
        notProbed = try reader.integers()
    }
}

extension HelperReport {
    func write(to writer: inout ByteWriter) {
        writer.write(programType)
        writer.write(attachType)
        writer.write(isSleepable)
        writer.write(obstacle)
        writer.write(present)
        writer.write(notProbed)
        writer.write(last)
    }

    init(_ reader: inout FieldReader) throws(ProtocolError) {
        programType = try reader.integer()
        attachType = try reader.integer()
        isSleepable = try reader.bool()
        obstacle = try reader.string()
        present = try reader.integers()
        notProbed = try reader.integers()
        last = try reader.integer()
    }
}

extension SurveyEnd {
    func write(to writer: inout ByteWriter) {
        writer.write(subject.rawValue)
        writer.write(errno)
        writer.write(isCut)
    }

    init(_ reader: inout FieldReader) throws(ProtocolError) {
        subject = try reader.value()
        errno = try reader.integer()
        isCut = try reader.bool()
    }
}
