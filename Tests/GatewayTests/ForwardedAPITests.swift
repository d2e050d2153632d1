// SPDX-License-Identifier: Apache-2.0
import Gateway
import Glibc
import NIOHTTP1
import Testing

/// What the gateway sends on to the control API.
@Suite struct ForwardedAPITests {
    @Test func `everything else goes to the control API, streamed`() async throws {
        let path = "/tmp/swiftlet-gateway-\(getpid()).sock"
        unlink(path)
        let api = try await Backend.start(unixSocket: path) {
            Backend.answer("\($0.method) \($0.target) \($0.bodyBytes)", headers: "X-Fc-Mine: 1\r\n")
        }
        var options = GatewayOptions()
        options.apiSocket = path
        try await TestHost.with([], options: options) { (host: TestHost) async throws in
            for _ in 0..<3 {
                let answer = try await host.send(
                    "PUT /2023-03-30/functions/f%2Fg?x=1 HTTP/1.1\r\nHost: h\r\nx-acs-action: A\r\nContent-Length: 3\r\n\r\nabc")
                #expect((answer.text, answer.header("x-fc-mine")) == ("PUT /2023-03-30/functions/f%2Fg?x=1 3", "1"))
            }
            #expect(api.requests.first?.headers["x-acs-action"] == ["A"])
            try await api.stop()
            unlink(path)
        }
    }

    @Test func `a control API that is not there answers 503`() async throws {
        var options = GatewayOptions()
        options.apiSocket = "/tmp/swiftlet-gateway-none.sock"
        try await TestHost.with([], options: options) { (host: TestHost) async throws in
            #expect(try await host.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").status == 503)
        }
    }
}
