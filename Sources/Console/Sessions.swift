// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Who has a page open. Kept in memory only: a restart of the host signs everybody out.
final class Sessions: Sendable {
    /// Whose session it is.
    enum Holder: Hashable, Sendable {
        /// Somebody who sees the sign-in page: the session only protects its form.
        case visitor
        /// Whoever reaches a host that asks for no key.
        case anyone
        /// An access key, by its id.
        case key(String)
    }

    struct Session: Sendable {
        /// What the cookie has behind the session's name.
        fileprivate var secret: String
        /// What a form must bring along, so that no other site can send one in somebody's name.
        var formToken: String
        var holder: Holder
        /// Milliseconds since 1970, UTC; later with each use.
        fileprivate var idleUntil: Int64
        fileprivate var ends: Int64
    }

    static let cookieName = "swiftlet-session"
    /// An hour without a request, twelve in all.
    private static let (idleTime, lifetime): (Int64, Int64) = (3_600_000, 12 * 3_600_000)
    /// Of each kind of holder: visitors, whom anybody may make many of, push nobody out who is signed in.
    private static let most = 1000

    private let random: @Sendable () -> UInt64
    private let all = Mutex<[String: Session]>([:])

    init(random: @escaping @Sendable () -> UInt64) { self.random = random }

    /// - Parameter isUse: whether the session lives on by this.
    func find(_ cookie: String?, now: Int64, isUse: Bool = true) -> Session? {
        guard let (name, secret) = Self.parts(cookie) else { return nil }
        return all.withLock { all in
            // The name finds it, and tells nothing; the secret is compared in a time that tells nothing either.
            guard var session = all[name], session.idleUntil > now, session.ends > now, sameSecret(session.secret, secret) else {
                return nil
            }
            guard isUse else { return session }
            session.idleUntil = now + Self.idleTime
            all[name] = session
            return session
        }
    }

    /// - Returns: the value of the new session's cookie.
    func begin(_ holder: Holder, now: Int64) -> (cookie: String, session: Session) {
        let (name, secret) = (digits(), digits() + digits() + digits())
        let session = Session(
            secret: secret, formToken: digits() + digits() + digits(), holder: holder, idleUntil: now + Self.idleTime,
            ends: now + Self.lifetime)
        all.withLock { all in
            all = all.filter { $0.value.idleUntil > now && $0.value.ends > now }
            let peers = all.filter { ($0.value.holder == .visitor) == (holder == .visitor) }
            if peers.count >= Self.most, let oldest = peers.min(by: { $0.value.idleUntil < $1.value.idleUntil })?.key { all[oldest] = nil }
            all[name] = session
        }
        return ("\(name).\(secret)", session)
    }

    func end(_ cookie: String?) {
        guard let (name, secret) = Self.parts(cookie) else { return }
        all.withLock { all in
            if let session = all[name], sameSecret(session.secret, secret) { all[name] = nil }
        }
    }

    private static func parts(_ cookie: String?) -> (name: String, secret: String)? {
        guard let parts = cookie?.split(separator: ".", maxSplits: 1), parts.count == 2 else { return nil }
        return (String(parts[0]), String(parts[1]))
    }

    /// 64 bits.
    private func digits() -> String {
        let digits = String(random(), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// Compares without telling by its time how much is equal.
func sameSecret(_ left: String, _ right: String) -> Bool {
    let (left, right) = (Array(left.utf8), Array(right.utf8))
    guard left.count == right.count else { return false }
    return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
}
