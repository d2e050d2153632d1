// SPDX-License-Identifier: Apache-2.0
import FunctionModel

/// The pages by which people see and operate a host. They are made on the host, work without a script, and ask nothing of any other host.
public struct Console: Sendable {
    let host: ConsoleHost
    let sessions: Sessions
    let attempts = SignInAttempts()
    let pages: PageRenderer

    public init(_ host: ConsoleHost) {
        self.host = host
        sessions = Sessions(random: host.random)
        do { pages = try PageRenderer() } catch { preconditionFailure("a template of this program cannot be read: \(error)") }
    }

    /// The name of the one cookie.
    public static let cookieName = Sessions.cookieName

    /// In whose name a request is answered.
    ///
    /// - Parameter isUse: whether the session lives on by this request.
    public func visitor(_ request: ConsoleRequest, isUse: Bool = true) -> ConsoleVisitor {
        guard host.keys.areNeeded() else { return isLocalName(request.host) ? .anyone : .nobody }
        guard let session = sessions.find(request.cookie, now: host.now(), isUse: isUse), case .key(let id) = session.holder,
            host.keys.isOpen(id)
        else { return .nobody }
        return .key(id)
    }

    /// Answers by a page whatever happens.
    public func respond(_ request: ConsoleRequest) async throws -> ConsoleAnswer {
        if let file = Assets.file(request.segments) { return file }
        if !host.keys.areNeeded(), !isLocalName(request.host) {
            // Without keys the page is the operator's because it is reached over loopback: a name that some other site has led here is none of ours.
            return ConsoleAnswer(
                status: 403, headers: PageRenderer.headers,
                body: "This host has no access keys, so its console answers to the names localhost and 127.0.0.1 only.\n")
        }
        var visit = visit(request)
        do {
            if request.method == "POST" { try check(request, visit) }
            if let answer = try signedOut(request, &visit) { return answer }
            visit.hasQueue = try await ask("/swiftlet/v1/queue") != nil
            return try await page(request, visit)
        } catch let error as ServiceError {
            return try pages.failure(error, visit)
        }
    }

    /// Who asks, with a session begun where there was none.
    private func visit(_ request: ConsoleRequest) -> Visit {
        let (now, hasKeys) = (host.now(), host.keys.areNeeded())
        if let session = sessions.find(request.cookie, now: now) {
            switch session.holder {
            case .visitor where hasKeys, .anyone where !hasKeys:
                return Visit(session: session, newCookie: nil, request: request, version: host.version, hasKeys: hasKeys)
            case .key(let id) where hasKeys && host.keys.isOpen(id):
                return Visit(session: session, newCookie: nil, request: request, version: host.version, hasKeys: hasKeys)
            // Its key was revoked, or what the host asks for has changed.
            case .visitor, .anyone, .key: sessions.end(request.cookie)
            }
        }
        let (cookie, session) = sessions.begin(hasKeys ? .visitor : .anyone, now: now)
        return Visit(session: session, newCookie: cookie, request: request, version: host.version, hasKeys: hasKeys)
    }

    /// A form counts only from a page of ours: the browser says where it comes from, and the page's token is in it.
    private func check(_ request: ConsoleRequest, _ visit: Visit) throws {
        let foreign = ServiceError(
            status: 403, code: "Forbidden",
            message: "this form does not come from a page of this console, or the page is old; open it again")
        if let site = request.fetchSite, site != "same-origin" { throw foreign }
        if let origin = request.origin, let host = request.host, origin != "http://\(host)", origin != "https://\(host)" { throw foreign }
        guard visit.newCookie == nil, sameSecret(request.form["token"] ?? "", visit.session.formToken) else { throw foreign }
    }

    /// Whether a `Host` header names this machine's loopback.
    private func isLocalName(_ host: String?) -> Bool {
        guard var name = host else { return false }
        if name.hasPrefix("[") { return name.hasPrefix("[::1]") }
        if let colon = name.lastIndex(of: ":") { name = String(name[..<colon]) }
        return name == "localhost" || name == "127.0.0.1" || (name.hasPrefix("127.") && name.allSatisfy { $0.isNumber || $0 == "." })
    }

    private func page(_ request: ConsoleRequest, _ visit: Visit) async throws -> ConsoleAnswer {
        let segments = request.segments
        switch (request.method, segments.first ?? "", segments.count) {
        case ("GET", "", _): return try await functionList(visit)
        case ("GET", "functions", 2): return try await function(segments[1], request, visit)
        case ("POST", "functions", 3): return try await act(segments[2], on: segments[1], request, visit)
        case ("GET", "images", 1): return try await images(visit)
        case ("GET", "queue", 1): return try await queue(visit)
        case ("POST", "queue", 2): return try await act(onQueue: segments[1], request, visit)
        default: throw ServiceError(status: 404, code: "NotFound", message: "there is no such page; begin at the list of functions")
        }
    }
}

/// One request, as the pages need to know it.
struct Visit: Sendable {
    var session: Sessions.Session
    /// The cookie to set; nil where the browser has it.
    var newCookie: String?
    /// Whether the browser came by TLS, so that its cookie never goes without.
    var isSecure: Bool
    var version: String
    /// Whether this host is signed in to by a key.
    var hasKeys: Bool
    /// Whether this host has a queue of asynchronous invocations.
    var hasQueue = false

    init(session: Sessions.Session, newCookie: String?, request: ConsoleRequest, version: String, hasKeys: Bool) {
        self.session = session
        self.newCookie = newCookie
        isSecure = request.isSecure
        self.version = version
        self.hasKeys = hasKeys
    }

    var isSignedIn: Bool { session.holder != .visitor }

    /// The key of who is signed in.
    var key: String? { if case .key(let id) = session.holder { id } else { nil } }
}
