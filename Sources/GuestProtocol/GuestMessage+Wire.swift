// SPDX-License-Identifier: Apache-2.0

extension GuestMessage {
    private enum Kind: UInt16 {
        case ready = 101
        case started = 102
        case program = 103
        case map = 104
        case object = 105
        case witness = 106
        case complaint = 107
        case warm = 108
        case surveyPart = 109
        case types = 110
        case helpers = 111
        case surveyEnd = 112
        case imageOutput = 113
        case imageReport = 114
        case relocations = 115
        case module = 116
    }

    public var frame: Frame {
        var writer = ByteWriter()
        let kind: Kind
        switch self {
        case .ready(let ready):
            kind = .ready
            writer.write(ready.release)
            writer.write(ready.libbpfVersion)
            writer.write(ready.clockSource)
            writer.write(ready.seconds)
        case .started(let started):
            kind = .started
            writer.write(started.request)
            writer.write(started.program)
        case .program(let report):
            kind = .program
            writer.write(report.request)
            writer.write(report.program)
            writer.write(report.section)
            writer.write(report.type)
            writer.write(report.stage.rawValue)
            writer.write(report.errno)
            writer.write(report.log)
            writer.write(report.isLogCut)
            writer.write(report.warnings)
            writer.write(report.target)
        case .map(let report):
            kind = .map
            writer.write(report.request)
            writer.write(report.map)
            writer.write(report.index)
            writer.write(report.type)
            writer.write(report.maxEntries)
            writer.write(report.errno)
            writer.write(report.warnings)
        case .relocations(let report):
            kind = .relocations
            writer.write(report.request)
            writer.write(report.text)
            writer.write(report.isCut)
        case .object(let report):
            kind = .object
            writer.write(report.request)
            writer.write(report.stage.rawValue)
            writer.write(report.errno)
            writer.write(report.warnings)
            writer.write(report.taint)
        case .witness(let report):
            kind = .witness
            writer.write(report.request)
            writer.write(report.status)
            writer.write(report.output)
            writer.write(report.taint)
        case .module(let report):
            kind = .module
            writer.write(report.request)
            writer.write(report.errno)
        case .warm(let report):
            kind = .warm
            writer.write(report.btfErrno)
        case .surveyPart(let part):
            kind = .surveyPart
            part.write(to: &writer)
        case .types(let report):
            kind = .types
            report.write(to: &writer)
        case .helpers(let report):
            kind = .helpers
            report.write(to: &writer)
        case .surveyEnd(let end):
            kind = .surveyEnd
            end.write(to: &writer)
        case .imageOutput(let output):
            kind = .imageOutput
            output.write(to: &writer)
        case .imageReport(let report):
            kind = .imageReport
            report.write(to: &writer)
        case .complaint(let text):
            kind = .complaint
            writer.write(text)
        }
        return Frame(kind: kind.rawValue, payload: writer.bytes)
    }

    public init(_ frame: Frame) throws(ProtocolError) {
        guard let kind = Kind(rawValue: frame.kind) else { throw .unknownMessage(frame.kind) }
        var reader = FieldReader(frame, message: "\(kind)")
        switch kind {
        case .ready: self = .ready(try Ready(&reader))
        case .started: self = .started(try ProgramStarted(&reader))
        case .program: self = .program(try ProgramReport(&reader))
        case .map: self = .map(try MapReport(&reader))
        case .relocations: self = .relocations(try RelocationReport(&reader))
        case .object: self = .object(try ObjectReport(&reader))
        case .witness: self = .witness(try WitnessReport(&reader))
        case .module: self = .module(ModuleReport(request: try reader.integer(), errno: try reader.integer()))
        case .warm: self = .warm(WarmReport(btfErrno: try reader.integer()))
        case .surveyPart: self = .surveyPart(try SurveyPart(&reader))
        case .types: self = .types(try TypeReport(&reader))
        case .helpers: self = .helpers(try HelperReport(&reader))
        case .surveyEnd: self = .surveyEnd(try SurveyEnd(&reader))
        case .imageOutput: self = .imageOutput(try ImageOutput(&reader))
        case .imageReport: self = .imageReport(try ImageReport(&reader))
        case .complaint: self = .complaint(try reader.string())
        }
        try reader.end()
    }
}

extension Ready {
    fileprivate init(_ reader: inout FieldReader) throws(ProtocolError) {
        release = try reader.string()
        libbpfVersion = try reader.string()
        clockSource = try reader.string()
        seconds = try reader.integer()
    }
}

extension ProgramStarted {
    fileprivate init(_ reader: inout FieldReader) throws(ProtocolError) {
        request = try reader.integer()
        program = try reader.string()
    }
}

extension ProgramReport {
    fileprivate init(_ reader: inout FieldReader) throws(ProtocolError) {
        request = try reader.integer()
        program = try reader.string()
        section = try reader.string()
        type = try reader.integer()
        stage = try reader.value()
        errno = try reader.integer()
        log = try reader.bytes()
        isLogCut = try reader.bool()
        warnings = try reader.string()
        target = try reader.string()
    }
}

extension MapReport {
    fileprivate init(_ reader: inout FieldReader) throws(ProtocolError) {
        request = try reader.integer()
        map = try reader.string()
        index = try reader.integer()
        type = try reader.integer()
        maxEntries = try reader.integer()
        errno = try reader.integer()
        warnings = try reader.string()
    }
}

extension RelocationReport {
    fileprivate init(_ reader: inout FieldReader) throws(ProtocolError) {
        request = try reader.integer()
        text = try reader.bytes()
        isCut = try reader.bool()
    }
}

extension ObjectReport {
    fileprivate init(_ reader: inout FieldReader) throws(ProtocolError) {
        request = try reader.integer()
        stage = try reader.value()
        errno = try reader.integer()
        warnings = try reader.string()
        taint = try reader.integer()
    }
}

extension WitnessReport {
    fileprivate init(_ reader: inout FieldReader) throws(ProtocolError) {
        request = try reader.integer()
        status = try reader.integer()
        output = try reader.bytes()
        taint = try reader.integer()
    }
}
