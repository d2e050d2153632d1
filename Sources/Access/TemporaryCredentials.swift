// SPDX-License-Identifier: Apache-2.0
import Foundation
public import FunctionModel

/// A key pair that is valid for minutes and acts in a role. The token holds all of it, sealed: the host keeps no list of what it has given out.
public struct TemporaryCredentials: Hashable, Sendable {
    public var keyID: String
    public var secret: String
    /// What goes into `x-acs-security-token`.
    public var token: String
    public var role: String
    public var expires: Timestamp

    /// New ones.
    init?(role: String, expires: Timestamp, box: SecretBox) {
        keyID = "STS." + AccessWords.random(20)
        secret = AccessWords.random(40)
        self.role = role
        self.expires = expires
        let content: JSONValue = [
            "id": .string(keyID), "secret": .string(secret), "role": .string(role), "expires": .integer(expires.milliseconds),
        ]
        do { token = Data(try box.seal(content.text, for: Self.purpose)).base64EncodedString() } catch { return nil }
    }

    /// Those that a token holds.
    ///
    /// - Returns: nil unless the token was made by this host.
    init?(token: String, box: SecretBox) {
        guard token.utf8.count <= 4096, let sealed = Data(base64Encoded: token), let text = box.open(Array(sealed), for: Self.purpose)
        else {
            return nil
        }
        let content: [String: JSONValue]
        do { content = try JSONValue(parsing: text).object ?? [:] } catch { return nil }
        guard let id = content["id"]?.string, let secret = content["secret"]?.string, let role = content["role"]?.string,
            let expires = content["expires"]?.integer
        else { return nil }
        (keyID, self.secret, self.role, self.token) = (id, secret, role, token)
        self.expires = Timestamp(milliseconds: Int64(expires))
    }

    private static let purpose = "temporary credentials"
}

/// Ids and secrets of keys.
public enum AccessWords {
    /// Letters and digits from the system's generator, about 5.95 bits each.
    public static func random(_ count: Int) -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
        var generator = SystemRandomNumberGenerator()
        return String((0..<count).map { _ in letters[Int.random(in: 0..<letters.count, using: &generator)] })
    }
}
