// SPDX-License-Identifier: Apache-2.0
import Crypto
import Foundation
import FunctionModel
import Glibc
import LinuxSystem

/// Keeps secrets that must be read again: sealed with AES-256-GCM under a key in a file that only the daemon's user can read. A signature can only be
/// checked by who has the secret, so a hash of it would not do.
public struct SecretBox: Sendable {
    private let key: SymmetricKey

    /// Reads the key file, and makes it where it is missing.
    ///
    /// - Parameter folder: the data directory; the file in it is `secrets.key`.
    /// - Throws: `SystemCallError`; ``ServiceError`` where the file is not what was written there.
    public init(folder: String) throws {
        let root = try openDirectory(currentDirectory, folder)
        do {
            let file = try openAt(root.number, "secrets.key", flags: O_RDONLY | O_NOFOLLOW)
            guard let bytes = try file.readAll(limit: 32), bytes.count == 32 else {
                throw ServiceError(
                    status: 500, code: "InternalServerError", message: "\(folder)/secrets.key is damaged: it must have 32 bytes")
            }
            key = SymmetricKey(data: Data(bytes))
        } catch let error as SystemCallError where error.errno == ENOENT {
            key = SymmetricKey(size: .bits256)
            try removeFile(root.number, "secrets.key.new")
            let file = try openAt(root.number, "secrets.key.new", flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
            try key.withUnsafeBytes { try file.writeAll($0) }
            try file.sync()
            try rename(root.number, "secrets.key.new", to: root.number, "secrets.key")
            try root.sync()
        }
    }

    /// - Parameter name: what the secret belongs to; it cannot be opened under another.
    public func seal(_ secret: String, for name: String) throws -> [UInt8] {
        let box = try AES.GCM.seal(Data(secret.utf8), using: key, authenticating: Data(name.utf8))
        return Array(box.combined ?? Data())
    }

    /// - Returns: nil where it was sealed by another key or for another name, or changed.
    public func open(_ sealed: [UInt8], for name: String) -> String? {
        do {
            let data = try AES.GCM.open(try AES.GCM.SealedBox(combined: Data(sealed)), using: key, authenticating: Data(name.utf8))
            return String(validating: data, as: UTF8.self)
        } catch {
            // Whoever made it, it was not this host: that is all there is to know.
            return nil
        }
    }
}
