// SPDX-License-Identifier: Apache-2.0

import BPFObject
import ContentDigest
import Results
import VerifierLog

/// An input of which nothing can be loaded, by whatever kernel: a row of the results, in red.
public struct FailedInput: Error, Sendable, Hashable, NamedInput, CustomStringConvertible {
    public let name: String
    public let path: String
    /// It is a source.
    public let isCompiled: Bool
    /// Of the bytes that are no object, hexadecimal; empty where there are none.
    let sha256: String
    public let failure: ObjectFailure
    /// All that there is to say, in as many lines as it takes; the first is enough for some.
    public let description: String

    /// Of a source that does not compile.
    public init(source: String, _ failure: ObjectFailure, description: String) {
        self.init(
            Piece(name: InputReader.objectName(of: .init(source)), path: source, isCompiled: true),
            sha256: "",
            failure,
            description
        )
    }

    init(_ piece: Piece, _ bytes: ArraySlice<UInt8>?, _ error: InputError) {
        let code: CauseCode
        var text: String
        var cure: String?
        switch error {
        case .notTestable(_, let error):
            code = error.isAboutFile ? .notAnObject : .objectUnreadable
            text = "\(error)"
        case .foreignByteOrder:
            code = .foreignByteOrder
            text = InputError.foreignByteOrderText
            cure =
                "compile with -target bpf or bpfel, or test the object that was made for this byte order (x_bpfel.o beside x_bpfeb.o)"
        case .notFound, .unreadable, .emptyFolder:
            code = .notAnObject
            text = "\(error)"
            if let prefix = text.firstRange(of: "\(piece.path): ") { text.removeSubrange(prefix) }
        }
        self.init(
            piece,
            sha256: bytes.map { ContentDigest(of: $0).hexadecimal } ?? "",
            ObjectFailure(code: code, sentence: text, cure: cure),
            "\(piece.title): \(text)"
        )
    }

    private init(_ piece: Piece, sha256: String, _ failure: ObjectFailure, _ description: String) {
        name = piece.name
        path = piece.path
        isCompiled = piece.isCompiled
        self.sha256 = sha256
        self.failure = failure
        self.description = description
    }

    public func renamed(_ name: String) -> FailedInput {
        FailedInput(Piece(name: name, path: path, isCompiled: isCompiled), sha256: sha256, failure, description)
    }

    var described: TestedObject {
        TestedObject(
            name: name,
            path: path,
            sha256: sha256,
            programs: [],
            isCompiled: isCompiled,
            failure: failure
        )
    }

    func cell(on kernel: String) -> Cell {
        Cell(
            object: name,
            program: ObjectProgress.wholeObject,
            kernel: kernel,
            verdict: .object,
            message: failure.sentence,
            sourceLine: failure.place?.sourceLine,
            explanation: failure.explanation
        )
    }

    func checkCell(on kernel: String) -> CheckCell {
        let place = failure.place.map { place in
            CheckPlace(file: place.file ?? path, line: place.line ?? 0, function: "", text: place.text)
        }
        return CheckCell(
            object: name,
            program: ObjectProgress.wholeObject,
            kernel: kernel,
            prediction: .willFail,
            reasons: [
                CheckReason(
                    code: failure.code.rawValue,
                    sentence: failure.sentence,
                    place: place,
                    cure: failure.cure
                )
            ],
            unknowns: [],
            attachment: []
        )
    }
}

extension BPFObjectError {
    /// Whether the file is none that any loader would open, as opposed to one that says something wrong.
    fileprivate var isAboutFile: Bool {
        switch self {
        case .notELF, .unreadable, .notBPF, .notRelocatable: true
        default: false
        }
    }
}
