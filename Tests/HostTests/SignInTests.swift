// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

extension HostTests {
    /// The console of a host with keys, as a browser speaks to it.
    @Suite struct SignInTests {
        @Test("with keys a page does what the key of its session may, and nothing once the key is revoked") func keys() async throws {
            try await RunningHost.with { host in
                try await host.must("image", "load", try await SampleImages.shared.fileServer(), "--name", "files:1")
                try await host.must("function", "create", "f", "--image", "files:1")
                let all = AccessTests.environment(try await host.must("key", "create"))
                func key(_ action: String) async throws -> [String: String] {
                    AccessTests.environment(try await host.signed(all, "key", "create", "--allow", action).out)
                }
                let (viewer, caller) = (try await key("read"), try await key("invoke"))
                let stranger = try await Visitor(host)
                #expect(try await stranger.get("/functions/f").contains("Sign in"))
                #expect(try await stranger.get("/metrics").contains("Unauthorized"))
                #expect(try await stranger.get("/functions/f/log").contains("Unauthorized"))
                #expect(try await stranger.signIn(caller).contains("may not read"))
                #expect(try await stranger.signIn(viewer.merging(["SWIFTLET_ACCESS_KEY_SECRET": "x"]) { $1 }).contains("not known here"))

                let looking = try await Visitor(host)
                #expect(try await looking.signIn(viewer).isEmpty)
                #expect(try await looking.get("/functions/f").contains("Newest cold start"))
                #expect(try await looking.get("/metrics").contains("swiftlet_functions"))
                #expect(try await looking.post("/functions/f/stop").contains("may not manage"))
                let refused = try await looking.post("/functions/f/call", ["kind": "event", "qualifier": "LATEST", "payload": "/none"])
                #expect(refused.contains("AccessDenied") && refused.contains("may not invoke"), "\(refused)")

                let acting = try await Visitor(host)
                #expect(try await acting.signIn(all).isEmpty)
                #expect(try await acting.get("/").contains(all["SWIFTLET_ACCESS_KEY_ID"] ?? "-"))
                for (kind, payload) in [("event", "/etc/no-such-file"), ("http", "")] {
                    let page = try await acting.post(
                        "/functions/f/call",
                        ["kind": kind, "qualifier": "LATEST", "payload": payload, "method": "GET", "target": "/a?b=c"])
                    #expect(page.contains("200 ok") && page.contains("id=\"answer-body\" tabindex=\"0\">none"), "\(kind): \(page)")
                }
                #expect(try await acting.post("/functions/f/stop", token: "0").contains("does not come from a page"))

                let log = try acting.follow("/functions/f/log")
                try await host.wait("the log is read") { log.printed.components(separatedBy: "FC Invoke End").count > 2 }
                let before = log.printed
                let second = AccessTests.environment(try await host.signed(all, "key", "create").out)
                #expect(try await host.signed(second, "key", "revoke", all["SWIFTLET_ACCESS_KEY_ID"] ?? "").status == 0)
                #expect(try await acting.get("/functions/f").contains("Sign in"))
                #expect(try await host.signed(second, "invoke", "f", "--data", "/none").status == 0)
                try await host.wait("the log has ended") { log.status != nil }
                #expect(log.printed == before)
            }
        }
    }
}

/// Cookies, and the token of the page's forms.
private final class Visitor {
    private let host: RunningHost
    private let jar: String
    private var token = ""

    init(_ host: RunningHost) async throws {
        self.host = host
        jar = "\(host.state)-cookies-\(UInt32.random(in: 0...UInt32.max))"
        _ = try await get("/")
    }

    deinit { unlink(jar) }

    func get(_ path: String) async throws -> String { try await send(path, []) }

    /// - Returns: what the page says; empty where it leads on to another one.
    func post(_ path: String, _ fields: [String: String] = [:], token: String? = nil) async throws -> String {
        let fields = fields.merging(["token": token ?? self.token]) { $1 }
        return try await send(path, fields.flatMap { ["--data-urlencode", "\($0.key)=\($0.value)"] })
    }

    func signIn(_ key: [String: String]) async throws -> String {
        let answer = try await post(
            "/sign-in", ["id": key["SWIFTLET_ACCESS_KEY_ID"] ?? "", "secret": key["SWIFTLET_ACCESS_KEY_SECRET"] ?? ""])
        if answer.isEmpty { _ = try await get("/") }
        return answer
    }

    func follow(_ path: String) throws -> ProcessHandle {
        try ProcessHandle("/usr/bin/curl", ["-sSN", "--noproxy", "*", "-b", jar, "\(host.url)/console\(path)"])
    }

    private func send(_ path: String, _ more: [String]) async throws -> String {
        let answer = try await run(
            "/usr/bin/curl", ["-sS", "--noproxy", "*", "--max-time", "60", "-b", jar, "-c", jar] + more + ["\(host.url)/console\(path)"])
        let pieces = answer.out.components(separatedBy: "name=\"token\" value=\"")
        if pieces.count > 1 { token = String(pieces[1].prefix { $0 != "\"" }) }
        return answer.out
    }
}
