// SPDX-License-Identifier: Apache-2.0
internal import Access
internal import Activation
internal import FunctionModel

/// The credentials that one event loop gives to the calls of functions with roles. They are made anew before half of their time is over, so that a call
/// has at least that long to use them.
struct RoleCredentials {
    /// Milliseconds that they are valid.
    private static let lifetime: Int64 = 15 * 60 * 1000

    private var given: [String: (lines: [(String, String)], until: Int64)] = [:]

    /// - Parameter now: Unix time in milliseconds.
    mutating func lines(for role: String, of authority: AccessAuthority, now: Int64) -> [(String, String)] {
        if let known = given[role], now < known.until { return known.lines }
        let credentials = authority.credentials(role: role, valid: Self.lifetime / 1000)
        let lines =
            credentials.map { CommonHeaders.credentials(keyID: $0.keyID, secret: $0.secret, token: $0.token) }
            ?? CommonHeaders.noCredentials
        // A role that does not exist may be made at any moment.
        given[role] = (lines, now + (credentials == nil ? 1000 : Self.lifetime / 2))
        return lines
    }
}

extension Exchange {
    /// Adds the credentials of a version's role to a head.
    func addCredentials(_ version: ResolvedVersion, to out: inout HeadWriter) {
        guard let role = version.role, let authority = loop.options.authority else { return }
        for (name, value) in loop.credentials.lines(for: role, of: authority, now: loop.clock.unixMilliseconds()) {
            out.add(name: name, value)
        }
    }
}
