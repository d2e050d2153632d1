// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import Glibc
import Synchronization

/// Asks a program `docker-credential-NAME` for the login of a server. Source: docker-credential-helpers, README, "Development": the server goes to
/// its standard input, `{"ServerURL", "Username", "Secret"}` comes back; the user `<token>` stands for an identity token.
enum CredentialHelper {
    /// Such a program may ask a key ring, or a cloud; longer than this and it waits for somebody who is not there.
    static let patience: UInt32 = 30

    /// - Returns: nil where the helper has none for this server.
    /// - Throws: ``ServiceError`` naming the program, and never what it printed on standard output.
    static func credentials(of name: String, server: String) async throws -> RegistryCredentials? {
        let program = "docker-credential-\(name)"
        return try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try ask(program, server) }) }
        }
    }

    private static func ask(_ program: String, _ server: String) throws -> RegistryCredentials? {
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["timeout", "--kill-after=1", "\(patience)", program, "get"]
        (process.standardInput, process.standardOutput, process.standardError) = (input, output, FileHandle.nullDevice)
        try process.run()
        // A helper that does not read its input has closed it when it ends: no signal, since the host ignores SIGPIPE.
        do { try input.fileHandleForWriting.write(contentsOf: Data(server.utf8)) } catch let error as CocoaError
            where error.code == .fileWriteUnknown
        {
            // Its status tells why.
        }
        try input.fileHandleForWriting.close()
        var answer = Data()
        while let part = try output.fileHandleForReading.read(upToCount: 65536), !part.isEmpty {
            if answer.count <= DockerConfiguration.sizeLimit { answer += part }
        }
        process.waitUntilExit()
        let text = String(decoding: answer, as: UTF8.self)
        guard process.terminationStatus == 0 else {
            // The protocol's own words for "I have none", printed where the answer would be.
            if text.contains("credentials not found") { return nil }
            throw refusal(program, server, Self.reason(process.terminationStatus))
        }
        let value: JSONValue?
        do { value = try JSONValue(parsing: Array(answer)) } catch { value = nil }
        guard let members = value?.object, let user = members["Username"]?.string, let secret = members["Secret"]?.string else {
            throw refusal(program, server, "it printed no object with Username and Secret")
        }
        if secret.isEmpty { return nil }
        return user == "<token>" ? .identityToken(Secret(secret)) : .password(user: user, Secret(secret))
    }

    private static func reason(_ status: Int32) -> String {
        switch status {
        case 124, 137: "it gave no answer within \(patience) s"
        case 126, 127: "it is not in PATH, or cannot be run"
        default: "it ended with status \(status)"
        }
    }

    private static func refusal(_ program: String, _ server: String, _ reason: String) -> ServiceError {
        .invalidArgument("the credential helper \(program), asked for \(printable(server)), was of no use: \(reason)")
    }
}
