// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Who is signed in. Kept in memory only: a restart of the host signs everybody out.
final class Sessions: Sendable {
    struct Session: Sendable {
        /// What a form must bring along, so that no other site can send one in somebody's name.
        var formToken: String
        /// False for one that only protects the form of the sign-in page.
        var isSignedIn: Bool
        /// Milliseconds since 1970, UTC; later with each use.
        var expires: Int64
    }

    static let cookieName = "swiftlet-session"
    /// Twelve hours without a request.
    private static let lifetime: Int64 = 12 * 3600 * 1000
    private static let most = 1000

    private let random: @Sendable () -> UInt64
    private let all = Mutex<[String: Session]>([:])

    init(random: @escaping @Sendable () -> UInt64) { self.random = random }

    func find(_ cookie: String?, now: Int64) -> Session? {
        guard let cookie else { return nil }
        return all.withLock { all in
            guard var session = all[cookie], session.expires > now else { return nil }
            session.expires = now + Self.lifetime
            all[cookie] = session
            return session
        }
    }

    /// - Returns: the value of the new session's cookie.
    func begin(signedIn: Bool, now: Int64) -> (cookie: String, session: Session) {
        let session = Session(formToken: secret(), isSignedIn: signedIn, expires: now + Self.lifetime)
        let cookie = secret()
        all.withLock { all in
            all = all.filter { $0.value.expires > now }
            if all.count >= Self.most, let oldest = all.min(by: { $0.value.expires < $1.value.expires })?.key { all[oldest] = nil }
            all[cookie] = session
        }
        return (cookie, session)
    }

    func end(_ cookie: String?) {
        guard let cookie else { return }
        all.withLock { $0[cookie] = nil }
    }

    /// 192 bits.
    private func secret() -> String {
        (0..<3).map { _ in
            let digits = String(random(), radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}

/// Compares without telling by its time how much is equal.
func sameSecret(_ left: String, _ right: String) -> Bool {
    let (left, right) = (Array(left.utf8), Array(right.utf8))
    guard left.count == right.count else { return false }
    return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
}
