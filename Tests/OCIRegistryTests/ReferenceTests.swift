// SPDX-License-Identifier: Apache-2.0

import ContentDigest
import Testing

@testable import OCIRegistry

@Suite struct ReferenceTests {
    private static let digest = String(repeating: "0a", count: 32)

    @Test(
        "a reference is read into host, repository, tag and digest",
        arguments: [
            (
                "oci://quay.io/lvh-images/kernel-images:6.6-main", "quay.io", "lvh-images/kernel-images", "6.6-main",
                false
            ),
            ("ghcr.io/cilium/ci-kernels", "ghcr.io", "cilium/ci-kernels", nil, false),
            ("127.0.0.1:5000/a:b", "127.0.0.1:5000", "a", "b", false),
            ("localhost/a__b/c--d", "localhost", "a__b/c--d", nil, false),
            ("[::1]:5000/a", "[::1]:5000", "a", nil, false),
            ("host:80/a/b@sha256:\(digest)", "host:80", "a/b", nil, true),
            ("oci://quay.io/a:t@sha256:\(digest)", "quay.io", "a", "t", true),
        ] as [(String, String, String, String?, Bool)]
    )
    func read(text: String, host: String, path: String, tag: String?, hasDigest: Bool) throws {
        let reference = try ImageReference(text)
        #expect(reference.repository.host == host)
        #expect(reference.repository.path == path)
        #expect(reference.tag == tag)
        #expect(reference.digest?.hexadecimal == (hasDigest ? Self.digest : nil))
        #expect(try ImageReference(reference.description) == reference)
    }

    @Test(
        "what names no image is refused with a reason",
        arguments: [
            "", "quay.io", "kernel-images:6.6", "library/kernel", "docker://quay.io/a", "https://quay.io/a", "quay.io/",
            "quay.io/A", "quay.io/a//b", "quay.io/../b", "quay.io/a:", "quay.io/a:-b", "quay.io/a:b c",
            "quay.io/a@sha256:12", "quay.io/a@md5:\(digest)", "quay.io/a@sha256:\(digest.uppercased())",
            "user@quay.io/a", "quay.io:0/a", "quay.io:99999/a", "quay..io/a", "quay.io/a?b", "quay.io/a_-b",
            "quay.io/a.",
            "quay.io:80:90/a", "-quay.io/a", "quay.io/a#b", "quay.io\n/a",
        ]
    )
    func refused(text: String) {
        #expect(throws: ImageReferenceError.self) { try ImageReference(text) }
    }

    @Test(
        "only this machine is spoken to without encryption",
        arguments: [
            ("127.0.0.1:5000/a", "http://127.0.0.1:5000/v2/a"), ("[::1]:5000/a", "http://[::1]:5000/v2/a"),
            ("localhost/a", "http://localhost/v2/a"), ("127.0.0.1.invalid/a", "https://127.0.0.1.invalid/v2/a"),
            ("10.0.0.1:5000/a", "https://10.0.0.1:5000/v2/a"), ("quay.io/a", "https://quay.io/v2/a"),
            ("docker.io/a/b", "https://registry-1.docker.io/v2/a/b"),
        ]
    )
    func encryption(text: String, base: String) throws {
        #expect(try ImageRepository(text).base == base)
    }

    @Test("the tags named to a person are those most alike, the newest first")
    func nearest() {
        let tags = [
            "bpf-next", "6.6-20240101.000000", "6.6-20240701.123456", "6.1-main", "6.12-main", "sha256-abc.sig",
            "6.6-main",
        ]
        #expect(
            Registry.nearest(to: "6.6-20240801.000000", among: tags, count: 3)
                == ["6.6-20240701.123456", "6.6-20240101.000000", "6.6-main"]
        )
        #expect(!Registry.nearest(to: "sha256-abc", among: tags, count: 10).contains("sha256-abc.sig"))
    }
}
