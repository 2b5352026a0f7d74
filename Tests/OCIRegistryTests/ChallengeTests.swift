// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import OCIRegistry

@Suite struct ChallengeTests {
    @Test("a challenge is read with commas and quotes inside its parameters")
    func quoted() {
        let header =
            #"Bearer realm="https://auth.test.invalid/token",service="a \"b\"",scope="repository:x:pull,push",error=invalid_token"#
        #expect(
            Challenge.parse(header) == [
                Challenge(
                    scheme: "bearer",
                    parameters: [
                        "realm": "https://auth.test.invalid/token", "service": #"a "b""#,
                        "scope": "repository:x:pull,push",
                        "error": "invalid_token",
                    ]
                )
            ]
        )
    }

    @Test("several challenges in one header are told apart")
    func several() {
        let challenges = Challenge.parse(#"Basic realm="here", Bearer realm = "there" , service=s"#)
        #expect(challenges.map(\.scheme) == ["basic", "bearer"])
        #expect(challenges.map { $0.parameters["realm"] } == ["here", "there"])
        #expect(challenges.last?.parameters["service"] == "s")
    }

    @Test(
        "what is no challenge gives none, and a quote without an end gives no value",
        arguments: ["", ",,,", "=", "\"x\""]
    )
    func nonsense(header: String) {
        #expect(Challenge.parse(header).isEmpty)
        #expect(Challenge.parse("Bearer realm=\"open").first?.parameters.isEmpty == true)
    }
}
