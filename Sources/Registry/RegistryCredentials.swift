// SPDX-License-Identifier: Apache-2.0

/// A text that is never printed: not in a log, an error, a debugger's dump or an answer of the API.
public struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The text itself, for the one place that sends it.
    package let text: String

    public init(_ text: String) { self.text = text }

    public var description: String { "•••" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// What proves to a registry who asks.
public enum RegistryCredentials: Hashable, Sendable {
    case password(user: String, Secret)
    /// An OAuth2 refresh token, which only a token server takes. Source: distribution, "Token Authentication Specification", OAuth2.
    case identityToken(Secret)

    var secret: Secret {
        switch self {
        case .password(_, let secret), .identityToken(let secret): secret
        }
    }

    /// For errors: who, never by what.
    var words: String {
        switch self {
        case .password(let user, _): "user '\(printable(user))'"
        case .identityToken: "an identity token"
        }
    }
}

/// Credentials with the place that they came from, which errors name.
public struct KnownCredentials: Hashable, Sendable {
    public var credentials: RegistryCredentials
    /// For example `~/.docker/config.json`.
    public var origin: String

    public init(_ credentials: RegistryCredentials, origin: String) {
        self.credentials = credentials
        self.origin = origin
    }

    var words: String { "\(credentials.words) from \(printable(origin))" }
}

/// A text of unknown origin for an error or a terminal: at most 200 characters, and nothing that would steer a terminal.
func printable(_ text: some StringProtocol) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.prefix(200).map { $0.value < 32 || (127..<160).contains($0.value) ? "?" : $0 }))
}
