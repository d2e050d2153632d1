// SPDX-License-Identifier: Apache-2.0
import Console
import FunctionModel
import Synchronization
import Testing

/// Ways into the console, by keys that a test gives out and takes away, at a time that it sets.
@Suite struct SignInTests {
    @Test("a key opens a session whose cookie no script reads, no other site sends, and which goes by TLS only where it came by TLS")
    func opens() async throws {
        let world = World(keys: ["K": "s"])
        #expect(try await world.get("").status == 200)
        #expect(try await world.get("images").status == 401)
        let cookie = try await world.signIn("K", "s")
        #expect(cookie.attributes == "Path=/console; HttpOnly; SameSite=Strict")
        #expect(try await world.get("images", cookie).body.contains("Sign out"))
        #expect(
            world.asked == [
                "GET /swiftlet/v1/queue", "GET /swiftlet/v1/images", "GET /2023-03-30/functions?limit=100",
                "GET /2023-03-30/layers?limit=100",
            ])
        let secure = try await world.signIn("K", "s", isSecure: true)
        #expect(secure.attributes == "Path=/console; HttpOnly; SameSite=Strict; Secure")
    }

    @Test("a wrong key, a wrong secret and a key that may not look are refused, and nothing is asked in their name")
    func refuses() async throws {
        let world = World(keys: ["K": "s", "blind": "b"])
        for (id, secret, words) in [("X", "s", "not known here"), ("K", "S", "not known here"), ("blind", "b", "may not read")] {
            let answer = try await world.post("sign-in", ["id": id, "secret": secret])
            #expect(answer.status == 403 && answer.body.contains(words), "\(answer.body)")
            #expect(!answer.body.contains("value=\"\(secret)\""))
        }
        #expect(world.asked.isEmpty)
    }

    @Test("after ten failures of an address none of its attempts is looked at for five minutes; other addresses are") func throttles()
        async throws
    {
        let world = World(keys: ["K": "s"])
        for _ in 0..<10 { #expect(try await world.post("sign-in", ["id": "K", "secret": "guess"]).status == 403) }
        let refused = try await world.post("sign-in", ["id": "K", "secret": "s"])
        #expect(refused.status == 429 && refused.value("retry-after") == "300")
        #expect(try await world.post("sign-in", ["id": "K", "secret": "s"], address: "192.0.2.9").status == 303)
        world.time += 5 * 60_000
        #expect(try await world.post("sign-in", ["id": "K", "secret": "s"]).status == 303)
    }

    @Test("a revoked key ends its session with the next request") func revokes() async throws {
        // A host whose last key is gone asks for none.
        let world = World(keys: ["K": "s", "other": "o"])
        let cookie = try await world.signIn("K", "s")
        #expect(world.console.visitor(world.request("GET", "images", cookie.value)) == .key("K"))
        world.keys["K"] = nil
        #expect(world.console.visitor(world.request("GET", "images", cookie.value)) == .nobody)
        #expect(try await world.get("images", cookie).status == 401)
        // Made again under the same name, it opens no old session.
        world.keys["K"] = "other"
        #expect(try await world.get("images", cookie).status == 401)
    }

    @Test("a session ends an hour after its last request, and twelve hours after it began") func ends() async throws {
        let world = World(keys: ["K": "s"])
        let (idle, busy) = (try await world.signIn("K", "s"), try await world.signIn("K", "s"))
        for _ in 0..<11 {
            world.time += 59 * 60_000
            #expect(try await world.get("images", busy).status == 200)
        }
        #expect(try await world.get("images", idle).status == 401)
        for _ in 0..<2 {
            world.time += 40 * 60_000
            _ = try await world.get("images", busy)
        }
        #expect(try await world.get("images", busy).status == 401)
    }

    @Test("signing out ends the session, and only a form of its own page does it") func signsOut() async throws {
        let world = World(keys: ["K": "s"])
        let cookie = try await world.signIn("K", "s")
        let token = try #require(World.token(try await world.get("images", cookie).body))
        var foreign = world.request("POST", "sign-out", cookie.value)
        #expect(try await world.console.respond(foreign).status == 403)
        foreign.form = ["token": token]
        foreign.fetchSite = "cross-site"
        #expect(try await world.console.respond(foreign).status == 403)
        #expect(try await world.get("images", cookie).status == 200)
        foreign.fetchSite = "same-origin"
        #expect(try await world.console.respond(foreign).status == 303)
        #expect(try await world.get("images", cookie).status == 401)
    }

    @Test("the sign-in form of another site is refused, also with the right secret") func refusesForeignForms() async throws {
        let world = World(keys: ["K": "s"])
        var request = world.request("POST", "sign-in", nil)
        request.form = ["id": "K", "secret": "s", "token": ""]
        #expect(try await world.console.respond(request).status == 403)
        let page = try await world.get("")
        request.cookie = World.cookie(page)?.value
        request.form["token"] = World.token(page.body)
        request.origin = "http://evil.example"
        #expect(try await world.console.respond(request).status == 403)
    }

    @Test("whoever opens the sign-in page a thousand times signs nobody out") func keepsSessions() async throws {
        let world = World(keys: ["K": "s"])
        let cookie = try await world.signIn("K", "s")
        for _ in 0..<1200 { _ = try await world.get("") }
        #expect(try await world.get("images", cookie).status == 200)
    }

    @Test("a session of the time before the first key is worth nothing after it; and the name of a session is not its secret")
    func startsAnew() async throws {
        let world = World(keys: [:])
        let before = try #require(World.cookie(try await world.get("images")))
        #expect(try await world.get("images", before).status == 200)
        world.keys["K"] = "s"
        #expect(try await world.get("images", before).status == 401)
        let cookie = try await world.signIn("K", "s")
        let name = cookie.value.prefix { $0 != "." }
        for forged in ["\(name)", "\(name).", "\(name).\(String(repeating: "0", count: 48))", ".", ""] {
            #expect(try await world.get("images", World.Cookie(value: forged, attributes: "")).status == 401)
        }
    }
}

/// A console over an API that answers nothing but empty objects.
private final class World: Sendable {
    struct Cookie {
        var value: String
        var attributes: String
    }

    private let state = Mutex((keys: [String: String](), time: Int64(1_800_000_000_000), asked: [String](), next: UInt64(1)))

    init(keys: [String: String]) { state.withLock { $0.keys = keys } }

    var keys: [String: String] {
        get { state.withLock { $0.keys } }
        set { state.withLock { $0.keys = newValue } }
    }
    var time: Int64 {
        get { state.withLock { $0.time } }
        set { state.withLock { $0.time = newValue } }
    }
    var asked: [String] { state.withLock { $0.asked } }

    private let made = Mutex<Console?>(nil)
    var console: Console {
        made.withLock { made in
            let console =
                made
                ?? Console(
                    ConsoleHost(
                        version: "0",
                        api: { method, path, _ in
                            self.state.withLock { $0.asked.append("\(method) \(path)") }
                            return [:]
                        }, call: { _ in throw ServiceError(status: 500, code: "None", message: "no call is made here") },
                        keys: ConsoleKeys(
                            areNeeded: { !self.keys.isEmpty },
                            open: { id, secret throws(ServiceError) in
                                guard self.keys[id] == secret else {
                                    throw ServiceError(status: 403, code: "InvalidAccessKeyID", message: "wrong")
                                }
                                guard id != "blind" else {
                                    throw ServiceError(
                                        status: 403, code: "AccessDenied", message: "access key 'blind' may not read this host")
                                }
                            }, isOpen: { self.keys[$0] != nil }), random: { self.random() }, now: { self.time }))
            made = console
            return console
        }
    }

    /// SplitMix64: another number each time, the same in each run.
    private func random() -> UInt64 {
        state.withLock { state in
            state.next &+= 0x9e37_79b9_7f4a_7c15
            var number = state.next
            number = (number ^ (number >> 30)) &* 0xbf58_476d_1ce4_e5b9
            number = (number ^ (number >> 27)) &* 0x94d0_49bb_1331_11eb
            return number ^ (number >> 31)
        }
    }

    func request(_ method: String, _ path: String, _ cookie: String?) -> ConsoleRequest {
        ConsoleRequest(
            method: method, segments: path.split(separator: "/").map(String.init), cookie: cookie, host: "localhost:8080",
            address: "127.0.0.1")
    }

    func get(_ path: String, _ cookie: Cookie? = nil) async throws -> ConsoleAnswer {
        try await console.respond(request("GET", path, cookie?.value))
    }

    /// A form of the sign-in page, sent as a browser sends it.
    func post(_ path: String, _ form: [String: String], address: String = "127.0.0.1", isSecure: Bool = false) async throws -> ConsoleAnswer
    {
        let page = try await get("")
        var request = request("POST", path, Self.cookie(page)?.value)
        request.form = form.merging(["token": Self.token(page.body) ?? ""]) { $1 }
        request.address = address
        request.isSecure = isSecure
        return try await console.respond(request)
    }

    func signIn(_ id: String, _ secret: String, isSecure: Bool = false) async throws -> Cookie {
        let answer = try await post("sign-in", ["id": id, "secret": secret], isSecure: isSecure)
        #expect(answer.status == 303 && answer.value("location") == "/console/")
        return try #require(Self.cookie(answer))
    }

    static func cookie(_ answer: ConsoleAnswer) -> Cookie? {
        guard let parts = answer.value("set-cookie")?.split(separator: ";", maxSplits: 1), parts.count == 2 else { return nil }
        return Cookie(
            value: String(parts[0].drop { $0 != "=" }.dropFirst()), attributes: String(parts[1].dropFirst()))
    }

    static func token(_ page: String) -> String? {
        page.split(separator: "name=\"token\" value=\"").dropFirst().first.map { String($0.prefix { $0 != "\"" }) }
    }
}

extension ConsoleAnswer {
    fileprivate func value(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}
