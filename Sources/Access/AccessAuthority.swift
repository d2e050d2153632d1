// SPDX-License-Identifier: Apache-2.0
import Crypto
import Foundation
public import FunctionModel
import Synchronization

/// One access key with what it is checked by.
public struct AccessKey: Hashable, Sendable {
    public var id: String
    public var secret: String
    public var policy: AccessPolicy

    public init(id: String, secret: String, policy: AccessPolicy) {
        self.id = id
        self.secret = secret
        self.policy = policy
    }
}

/// Checks who signed a request. Gateway and control API ask it for every request; on a host without keys the answer costs one load of a word.
public final class AccessAuthority: Sendable {
    /// Stands for a body that was not hashed beforehand, since it is sent as it is made. Only Swiftlet's own uploads may have it.
    public static let unsignedPayload = "UNSIGNED-PAYLOAD"

    /// From when on a signature is asked for.
    public enum Enforcement: Hashable, Sendable {
        case never
        /// As soon as there is a key.
        case withKeys
        case always
    }

    private struct State: Sendable {
        var keys: [String: AccessKey] = [:]
        var roles: [String: AccessPolicy] = [:]
        var nonces: NonceWindow
    }

    private let state: Mutex<State>
    private let log: NonceLog?
    private let open: Atomic<Bool>
    private let enforcement: Enforcement
    private let box: SecretBox
    private let now: @Sendable () -> Timestamp

    /// - Parameters:
    ///   - box: seals temporary credentials.
    ///   - nonces: where nonces outlive the process; without it they do not.
    public init(
        _ enforcement: Enforcement, box: SecretBox, nonces: (log: NonceLog, memory: NonceLog.Memory)? = nil,
        now: @escaping @Sendable () -> Timestamp
    ) {
        state = Mutex(State(nonces: NonceWindow(memory: nonces?.memory ?? NonceLog.Memory())))
        log = nonces?.log
        self.enforcement = enforcement
        self.box = box
        self.now = now
        open = Atomic(enforcement != .always)
    }

    /// Whether everyone is let in.
    public var isOpen: Bool { open.load(ordering: .acquiring) }

    public var hasKeys: Bool { state.withLock { !$0.keys.isEmpty } }

    /// Checks a key and its secret as they are, for a reader that cannot sign (HTTP Basic, RFC 7617). The caller decides what may be read so.
    ///
    /// - Throws: ``ServiceError`` 403 `InvalidAccessKeyID` where key or secret is wrong.
    public func verifyBasic(_ authorization: String) throws(ServiceError) -> AccessCaller {
        let text = Data(base64Encoded: String(authorization.dropFirst(6))).map { String(decoding: $0, as: UTF8.self) } ?? ""
        let parts = text.split(separator: ":", maxSplits: 1)
        return try verify(key: String(parts.first ?? ""), secret: parts.count == 2 ? String(parts[1]) : "")
    }

    /// The same, for a key that somebody has typed.
    public func verify(key id: String, secret: String) throws(ServiceError) -> AccessCaller {
        // Hashes of one length are compared, so that the time tells nothing of the secret.
        if let key = key(id), SHA256.hash(data: Data(key.secret.utf8)) == SHA256.hash(data: Data(secret.utf8)) {
            return AccessCaller(key: key.id, policy: key.policy)
        }
        throw ServiceError(status: 403, code: "InvalidAccessKeyID", message: "the access key or its secret is wrong")
    }

    /// A key of this host; nil for one that it does not have, or no more.
    public func key(_ id: String) -> AccessKey? { state.withLock { $0.keys[id] } }

    /// Who holds a key, as its policy is now.
    public func caller(key id: String) -> AccessCaller? { key(id).map { AccessCaller(key: $0.id, policy: $0.policy) } }

    /// Takes the place of all keys and roles; requests that come from now on are checked by these.
    public func replace(keys: [AccessKey], roles: [String: AccessPolicy]) {
        state.withLock {
            $0.keys = Dictionary(keys.map { ($0.id, $0) }) { $1 }
            $0.roles = roles
        }
        open.store(enforcement == .never || (enforcement == .withKeys && keys.isEmpty), ordering: .releasing)
    }

    /// Checks the signature of a call of the API.
    ///
    /// - Parameter mayBeUnsigned: whether the body may be sent without a hash.
    /// - Returns: the caller, and the SHA-256 in hexadecimal that the body must have; nil where it was not hashed.
    /// - Throws: ``ServiceError`` 400 `MissingRequiredHeader`, 403 `SignatureNotMatch`, `InvalidAccessKeyID` or `AccessDenied`.
    public func verify(_ head: SignedHead, mayBeUnsigned: Bool = false) throws(ServiceError) -> (caller: AccessCaller, payload: String?) {
        if isOpen { return (.anyone, nil) }
        let signature = try self.signature(of: head)
        let needed = ["x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"]
        for name in needed where head.header(name) == nil { throw Self.missing(name) }
        let payload = head.header("x-acs-content-sha256") ?? ""
        if payload == Self.unsignedPayload, !mayBeUnsigned {
            throw Self.mismatch("x-acs-content-sha256 must be the SHA-256 of the body here")
        }
        let caller = try check(signature, head, signed: needed, payload: payload)
        return (caller, payload == Self.unsignedPayload ? nil : payload)
    }

    /// Checks the signature of a call of an HTTP trigger, whose body is not part of it, and which need not have a nonce.
    ///
    /// Source: Function Compute contract §7.7.
    /// - Throws: as ``verify(_:mayBeUnsigned:)``.
    public func verifyTrigger(_ head: SignedHead) throws(ServiceError) -> AccessCaller {
        guard head.header("x-acs-date") != nil else {
            throw ServiceError(status: 400, code: "MissingRequiredHeader", message: "required HTTP header Date was not specified")
        }
        return try check(try signature(of: head), head, signed: ["x-acs-date"], payload: "")
    }

    private func signature(of head: SignedHead) throws(ServiceError) -> RequestSignature {
        guard let text = head.header("authorization") else { throw Self.missing("Authorization") }
        guard let signature = RequestSignature(text) else {
            throw Self.mismatch("Authorization must be '\(RequestSignature.scheme) Credential=…,SignedHeaders=…,Signature=…'")
        }
        return signature
    }

    private func check(
        _ signature: RequestSignature, _ head: SignedHead, signed: [String], payload: String
    ) throws(ServiceError) -> AccessCaller {
        let now = now()
        guard let date = head.header("x-acs-date").flatMap({ Timestamp(rfc3339: $0) }),
            abs(date.milliseconds - now.milliseconds) <= NonceWindow.skew * 1000
        else {
            throw Self.denied(
                "the difference between the request time '\(head.header("x-acs-date") ?? "")' and the current time '\(now.rfc3339)' is too large"
            )
        }
        // A header that is given twice could be signed in one place and read in another.
        for name in signed + ["x-acs-security-token", "host"] where head.headers.filter({ $0.name.lowercased() == name }).count > 1 {
            throw Self.mismatch("the header \(name) is given twice")
        }
        for name in signed where !signature.signedHeaders.contains(name) { throw Self.mismatch("the header \(name) must be signed") }
        let key = try key(signature, head)
        guard signature.isValid(head, payload: payload, secret: key.secret) else {
            throw Self.mismatch("Check your access key and signing method.")
        }
        // Only now, so that nobody without the secret can use a nonce up.
        if let nonce = head.header("x-acs-signature-nonce"), signature.signedHeaders.contains("x-acs-signature-nonce") {
            let mark = NonceMark(
                date: date.milliseconds / 1000, digest: Array(SHA256.hash(data: Data("\(key.id)\n\(nonce)".utf8))))
            switch state.withLock({ $0.nonces.take(mark, now: now.milliseconds / 1000) }) {
            case .new: log?.append(mark, now: now.milliseconds / 1000)
            case .used: throw Self.denied("the nonce '\(nonce.prefix(64))' was used before; sign each request anew")
            case .unknown:
                throw Self.denied(
                    "the request is dated '\(date.rfc3339)', before the last start of the host's machine, and may have been taken then; sign it anew"
                )
            case .full:
                throw ServiceError(
                    status: 429, code: "ResourceExhausted", message: "too many signed requests within 15 minutes; try again later")
            }
        }
        return AccessCaller(key: key.id, policy: key.policy)
    }

    private func key(_ signature: RequestSignature, _ head: SignedHead) throws(ServiceError) -> AccessKey {
        if let token = head.header("x-acs-security-token") {
            guard let grant = TemporaryCredentials(token: token, box: box), grant.keyID == signature.key else {
                throw Self.denied("x-acs-security-token is not one of this host, or not of access key '\(signature.key.prefix(64))'")
            }
            guard grant.expires > now() else { throw Self.denied("the temporary credentials expired at \(grant.expires.rfc3339)") }
            let policy = state.withLock { $0.roles[grant.role] }
            guard let policy else { throw Self.denied("role '\(grant.role)' does not exist any more") }
            return AccessKey(id: grant.keyID, secret: grant.secret, policy: policy)
        }
        guard let key = state.withLock({ $0.keys[signature.key] }) else {
            throw ServiceError(status: 403, code: "InvalidAccessKeyID", message: "invalid access key ID '\(signature.key.prefix(64))'")
        }
        return key
    }

    /// Credentials for who acts in a role.
    ///
    /// - Parameter role: the name, or the resource name `acs:ram::ACCOUNT:role/NAME`.
    /// - Returns: nil where there is no such role.
    public func credentials(role: String, valid seconds: Int64) -> TemporaryCredentials? {
        let name = role.split(separator: "/").last.map(String.init) ?? role
        guard state.withLock({ $0.roles[name] != nil }) else { return nil }
        let expires = Timestamp(milliseconds: now().milliseconds + seconds * 1000)
        return TemporaryCredentials(role: name, expires: expires, box: box)
    }

    private static func missing(_ header: String) -> ServiceError {
        ServiceError(
            status: 400, code: "MissingRequiredHeader",
            message: "required HTTP header \(header) was not specified; this host asks for a signature")
    }

    private static func mismatch(_ why: String) -> ServiceError {
        ServiceError(
            status: 403, code: "SignatureNotMatch",
            message: "The request signature we calculated does not match the signature you provided. \(why)")
    }

    private static func denied(_ message: String) -> ServiceError { ServiceError(status: 403, code: "AccessDenied", message: message) }
}
