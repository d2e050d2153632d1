// SPDX-License-Identifier: Apache-2.0
import Gateway
import Testing

/// Where a request goes, by its target and host.
@Suite struct DestinationTests {
    @Test(arguments: [
        ("/http/hello", "hello", "LATEST", "/"), ("/http/hello/a?b=%2e", "hello", "LATEST", "/a?b=%2e"),
        ("/http/hello?b", "hello", "LATEST", "/?b"),
        ("/http/hello@prod//x", "hello", "prod", "//x"), ("/http/h%65llo%40prod/", "hello", "prod", "/"),
        ("/http/%68i", "hi", "LATEST", "/"),
    ])
    func aCallByPathGoesToItsFunction(target: String, function: String, qualifier: String, inner: String) {
        #expect(
            Destination.of(method: "GET", target: target, host: "127.0.0.1:8080")
                == .http(function: function, qualifier: qualifier, target: inner, byPath: true))
    }

    @Test(arguments: ["%", "%6", "%+f", "%-1", "% 6", "%6g", "%ff", "h%c3"])
    func aBrokenEscapeNamesNoFunction(name: String) {
        #expect(Destination.of(method: "GET", target: "/http/\(name)/", host: nil) == .controlAPI)
        #expect(Destination.of(method: "POST", target: "/2023-03-30/functions/\(name)/invocations", host: nil) == .controlAPI)
    }

    @Test func anEventCallIsReadAfterItsPathWasSplit() {
        func of(_ target: String) -> Destination { Destination.of(method: "POST", target: target, host: nil) }
        #expect(of("/2023-03-30/functions/a%2Fb/invocations") == .event(function: "a/b", qualifier: "LATEST"))
        #expect(of("/2023-03-30/functions/a/invocations?x=1&qualifier=%70rod") == .event(function: "a", qualifier: "prod"))
        #expect(of("/2023-03-30/functions/a/invocations?qualifier=%+f") == .controlAPI)
        #expect(of("/2023-03-30/functions/a/invocations/") == .controlAPI)
    }

    @Test(arguments: [
        ("hello.localhost", "hello", "LATEST"), ("prod.hello.localhost:8080", "hello", "prod"),
        ("http://hello.LOCALHOST.", "hello", "LATEST"),
    ])
    func aHostBelowLocalhostNamesItsFunction(host: String, function: String, qualifier: String) {
        #expect(
            Destination.of(method: "GET", target: "/http/other", host: host)
                == .http(function: function, qualifier: qualifier, target: "/http/other", byPath: false))
    }

    @Test(arguments: ["localhost", ".localhost", "a.b.c.localhost", "hello.localhost.example.org", "127.0.0.1"])
    func otherHostsNameNone(host: String) { #expect(Destination.of(method: "GET", target: "/", host: host) == .controlAPI) }
}
