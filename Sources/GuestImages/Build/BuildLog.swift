// SPDX-License-Identifier: Apache-2.0

/// What is happening while an image is built.
public enum BuildProgress: Sendable, Hashable {
    /// Another build of the same image is under way; its result will do.
    case waiting(image: String)
    /// What mmdebstrap is at: "installing essential packages".
    case installing(image: String, String)
    /// An action, counted from 1 over those of the image and its parents.
    case acting(image: String, step: String, number: Int, of: Int)
    /// The file system is being made.
    case writing(image: String, ImageFormat)
    /// Something that the user should know and that stops nothing.
    case note(String)
}

/// What a build prints: how far it is, and the end of what it said there.
struct BuildLog {
    let image: String
    let mark: String
    let steps: [ImageStep]

    /// Where it is: an action, or what mmdebstrap was at.
    private(set) var place = "starting mmdebstrap"
    /// Of this place.
    private(set) var tail: [String] = []
    private var isActing = false
    /// The exit status of the action that failed.
    private(set) var failure: String?

    private static let tailLength = 20

    init(image: String, mark: String, steps: [ImageStep]) {
        self.image = image
        self.mark = mark
        self.steps = steps
    }

    /// - Returns: what there is to tell of it.
    mutating func add(_ line: String) -> BuildProgress? {
        // After that comes only what mmdebstrap has to say of its hook.
        if failure != nil { return nil }
        if line.hasPrefix("\(mark) ") {
            if line.hasPrefix("\(mark) failed ") {
                failure = "exit status \(line.dropFirst("\(mark) failed ".count))"
                return nil
            }
            tail = []
            isActing = false
            guard let index = Int(line.dropFirst(mark.count + 1)), steps.indices.contains(index) else {
                place = "after the actions"
                return nil
            }
            isActing = true
            place = steps[index].description
            return .acting(image: image, step: place, number: index + 1, of: steps.count)
        }
        if !isActing, line.hasPrefix("I: ") { return phase(of: line) }
        if !line.allSatisfy(\.isWhitespace) { tail.append(line) }
        if tail.count > Self.tailLength { tail.removeFirst() }
        return nil
    }

    /// What it says of itself: `I: installing essential packages...`
    private mutating func phase(of line: String) -> BuildProgress? {
        let text = line.dropFirst(3).prefix { $0 != "." }
        let isPhase = ["running apt-get", "downloading", "extracting", "installing", "cleaning"].contains {
            text.hasPrefix($0)
        }
        guard isPhase else { return nil }
        place = String(text)
        tail = []
        return .installing(image: image, place)
    }

    var output: String { tail.map { "    " + $0 }.joined(separator: "\n") }
}
