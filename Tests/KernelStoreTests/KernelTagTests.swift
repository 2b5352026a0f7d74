// SPDX-License-Identifier: Apache-2.0

import OCIRegistry
import Testing

@testable import KernelStore

@Suite struct KernelTagTests {
    private static let littleVMHelper = [
        "4.19-main", "5.4-20240101.000000", "6.6-20240701.123456", "6.6-20231201.000000", "6.6-main", "6.12-main",
        "bpf-next",
        "bpf-next-20240801.000000", "rhel8.10", "rhel8.10-main", "6.1-20240101", "6.13-rc1",
        "6.14-20240101.000000-arm64",
    ].map(KernelTag.init)

    @Test(
        "of a line's tags the one stamped last is taken, else the one that moves; names are no lines",
        arguments: [
            ("6.6", "6.6-20240701.123456"), ("5.4", "5.4-20240101.000000"), ("4.19", "4.19-main"), ("6.1", nil),
            ("8.10", nil),
            ("6.13", nil), ("6.14", nil),
        ] as [(String, String?)]
    )
    func newest(line: String, tag: String?) {
        #expect(KernelTag.newest(ofLine: line, among: Self.littleVMHelper)?.text == tag)
    }

    @Test("thousands of tags are gone through once, be they versions of one line or as many lines")
    func many() {
        let count = 10_000
        let versions = (0..<count).map { KernelTag("6.6.\($0)") }
        #expect(KernelTag.newest(ofLine: "6.6", among: versions)?.text == "6.6.\(count - 1)")
        let lines = (0..<count).map { KernelTag("6.\($0)") }
        #expect(KernelTag.newestOfLines(among: lines).last?.line == "6.\(count - 1)")
    }

    @Test("lines are in their own order, not in the alphabet's")
    func lines() {
        #expect(KernelTag.lines(among: Self.littleVMHelper) == ["4.19", "5.4", "6.6", "6.12"])
    }

    @Test("a version has a tag of its own, else its line's, which has to be looked at; a line may have only versions")
    func versions() {
        let tags = ["6.6", "6.6.30", "6.6.31-20240701.123456", "6.6.31-main", "5.15.1", "5.15.20", "5.15.9"].map(
            KernelTag.init
        )
        #expect(KernelTag.newest(ofVersion: "6.6.30", among: tags)?.text == "6.6.30")
        #expect(KernelTag.newest(ofVersion: "6.6.31", among: tags)?.text == "6.6.31-20240701.123456")
        #expect(KernelTag.newest(ofVersion: "6.6.99", among: tags)?.text == "6.6")
        #expect(KernelTag.newest(ofLine: "6.6", among: tags)?.text == "6.6")
        #expect(KernelTag.newest(ofLine: "5.15", among: tags)?.text == "5.15.20")
        #expect(KernelTag.newest(ofVersion: "6.7.1", among: tags) == nil)
    }

    @Test(
        "a tag promises a version, a line, or nothing",
        arguments: [
            ("6.6-main", .line("6.6")), ("6.6.30", .version("6.6.30")), ("bpf-next", .any), ("rhel9.6", .any),
        ] as [(String, KernelExpectation)]
    )
    func promises(tag: String, expectation: KernelExpectation) {
        #expect(KernelExpectation(promisedBy: KernelTag(tag)) == expectation)
    }

    @Test("kernels of repositories without a name of their own are told apart")
    func names() throws {
        let one = RegistrySource(repository: try ImageRepository("host.invalid/one"))
        let other = RegistrySource(repository: try ImageRepository("host.invalid/other"))
        #expect(one.recordName("6.6.30") != other.recordName("6.6.30"))
        #expect(one.recordName("6.6.30").hasPrefix("oci-"))
    }
}
