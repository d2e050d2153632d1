// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Certificates for `f.localhost`, made by openssl, in a folder of their own.
enum Certificates {
    static func make(_ names: [String]) async throws -> String {
        let folder = NSTemporaryDirectory() + "swiftlet-tls-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        for name in names {
            let made = try await Tool.run([
                "/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj",
                "/CN=\(name)", "-addext", "subjectAltName=DNS:f.localhost", "-keyout", "\(folder)/\(name).key", "-out",
                "\(folder)/\(name).pem",
            ])
            guard made.status == 0 else { throw RawClient.Broken(description: made.output) }
        }
        return folder
    }

    /// Puts a certificate and its key where the gateway looks for them.
    static func use(_ name: String, _ folder: String) throws {
        try copy("\(name).pem", "current.pem", folder)
        try copy("\(name).key", "current.key", folder)
    }

    static func copy(_ from: String, _ to: String, _ folder: String) throws {
        try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(from)")).write(to: URL(fileURLWithPath: "\(folder)/\(to)"), options: .atomic)
    }

    static func remove(_ folder: String) throws { try FileManager.default.removeItem(atPath: folder) }
}

enum FileSize {
    static func of(_ path: String) throws -> Int? { try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int }
}
