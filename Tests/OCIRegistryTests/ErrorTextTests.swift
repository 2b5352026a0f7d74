// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import OCIRegistry

@Suite struct ErrorTextTests {
    @Test("what strangers have put into names reaches no terminal as it is")
    func controls() throws {
        let reference = try ImageReference("host.invalid/a:b")
        let hostile = "\u{1b}[2J\u{202e}x"
        for error in [
            RegistryError.unusableLayer(reference, reason: "'\(hostile)' leads out of the image"),
            .unsupportedLayer(reference, mediaType: hostile),
            .wrongPlatform(
                reference,
                wanted: ImagePlatform(architecture: "amd64"),
                there: [.init(architecture: hostile)]
            ),
        ] {
            let text = "\(error)"
            #expect(!text.contains("\u{1b}") && !text.contains("\u{202e}") && text.contains("[2J"))
        }
    }
}
