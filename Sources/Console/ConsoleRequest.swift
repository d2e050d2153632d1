// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

/// A request for a page, taken apart.
public struct ConsoleRequest: Sendable {
    public var method: String
    /// Below `/console`, decoded: `["functions", "hello"]`.
    public var segments: [String]
    public var query: [String: String]
    /// The fields of a form; none for GET.
    public var form: [String: String]
    /// The value of the console's own cookie.
    public var cookie: String?
    public var origin: String?
    public var host: String?
    /// `Sec-Fetch-Site`, as browsers send it.
    public var fetchSite: String?
    /// Of the client; empty where nobody knows it.
    public var address: String
    /// Whether it came by TLS.
    public var isSecure: Bool

    public init(
        method: String, segments: [String], query: [String: String] = [:], form: [String: String] = [:], cookie: String? = nil,
        origin: String? = nil, host: String? = nil, fetchSite: String? = nil, address: String = "", isSecure: Bool = false
    ) {
        self.method = method
        self.segments = segments
        self.query = query
        self.form = form
        self.cookie = cookie
        self.origin = origin
        self.host = host
        self.fetchSite = fetchSite
        self.address = address
        self.isSecure = isSecure
    }
}

/// A page, a file of it, or a way to another page.
public struct ConsoleAnswer: Sendable {
    public var status: Int
    public var headers: [(name: String, value: String)]
    public var body: String

    public init(status: Int, headers: [(name: String, value: String)], body: String) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// What the console stands on: the API itself, so that there is nothing on a page that a script could not have.
public struct ConsoleHost: Sendable {
    /// One request of the API: method, path with query, body.
    ///
    /// - Throws: ``ServiceError`` where the API answers by one.
    public typealias API = @Sendable (_ method: String, _ path: String, _ body: JSONValue?) async throws -> JSONValue
    /// One call of a function.
    public typealias Caller = @Sendable (ConsoleCall) async throws -> ConsoleCall.Answer

    public var version: String
    public var api: API
    public var call: Caller
    public var keys: ConsoleKeys
    /// For session cookies.
    public var random: @Sendable () -> UInt64
    /// Milliseconds since 1970, UTC.
    public var now: @Sendable () -> Int64

    public init(
        version: String, api: @escaping API, call: @escaping Caller, keys: ConsoleKeys = .none,
        random: @escaping @Sendable () -> UInt64, now: @escaping @Sendable () -> Int64
    ) {
        self.version = version
        self.api = api
        self.call = call
        self.keys = keys
        self.random = random
        self.now = now
    }
}

/// The access keys of a host, as far as pages need them. Each is asked anew for every request, so that a change of the keys counts at once.
public struct ConsoleKeys: Sendable {
    /// Whether one is asked for; otherwise whoever reaches the host is its operator.
    public var areNeeded: @Sendable () -> Bool
    /// - Throws: ``ServiceError`` `InvalidAccessKeyID` for a key or a secret that is wrong, `AccessDenied` for a key that may not look at the host.
    public var open: @Sendable (_ id: String, _ secret: String) throws(ServiceError) -> Void
    /// Whether a key that has opened a session still would.
    public var isOpen: @Sendable (_ id: String) -> Bool

    public init(
        areNeeded: @escaping @Sendable () -> Bool, open: @escaping @Sendable (String, String) throws(ServiceError) -> Void,
        isOpen: @escaping @Sendable (String) -> Bool
    ) {
        self.areNeeded = areNeeded
        self.open = open
        self.isOpen = isOpen
    }

    /// Of a host that has none.
    public static let none = ConsoleKeys(areNeeded: { false }, open: { _, _ in }, isOpen: { _ in false })
}

/// In whose name a page is made.
public enum ConsoleVisitor: Hashable, Sendable {
    /// Not signed in, or led here by a name that is not this host's.
    case nobody
    /// Of a host that asks for no key.
    case anyone
    /// The id of an access key.
    case key(String)
}

/// A call of a function, made from a page.
public struct ConsoleCall: Sendable {
    public enum Kind: Hashable, Sendable {
        case event
        /// Method and target as the function sees them.
        case http(method: String, target: String)
    }

    public struct Answer: Sendable {
        public var status: Int
        public var headers: [(name: String, value: String)]
        /// The beginning of it.
        public var body: String
        public var isCut: Bool
        public var milliseconds: Double

        public init(status: Int, headers: [(name: String, value: String)], body: String, isCut: Bool, milliseconds: Double) {
            self.status = status
            self.headers = headers
            self.body = body
            self.isCut = isCut
            self.milliseconds = milliseconds
        }

        /// The value of a header, by its name in lower case.
        public func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name }?.value }
    }

    public var function: String
    public var qualifier: String
    public var kind: Kind
    public var headers: [(name: String, value: String)]
    public var payload: String

    public init(function: String, qualifier: String, kind: Kind, headers: [(name: String, value: String)], payload: String) {
        self.function = function
        self.qualifier = qualifier
        self.kind = kind
        self.headers = headers
        self.payload = payload
    }
}
