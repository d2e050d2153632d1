// SPDX-License-Identifier: Apache-2.0
import AsyncInvocation
import Testing

@Suite struct WebhookKeyTests {
    /// Source of the values: the test vector of Standard Webhooks 1.0.0.
    @Test func deliveriesAreSignedAsReceiversCheckThem() throws {
        let key = try #require(WebhookKey("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        let signature = key.signature(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek", seconds: 1_614_265_330, body: Array(#"{"test": 2432232314}"#.utf8))
        #expect(signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }

    @Test func aChangedBodyIdOrTimeHasAnotherSignature() {
        let key = WebhookKey { 7 }
        let bodies = [("a", Int64(1), "x"), ("b", 1, "x"), ("a", 2, "x"), ("a", 1, "y")].map {
            key.signature(id: $0, seconds: $1, body: Array($2.utf8))
        }
        #expect(Set(bodies).count == 4)
    }

    @Test(arguments: ["", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_!"])
    func whatIsNoKeyIsRefused(_ text: String) { #expect(WebhookKey(text) == nil) }
}
